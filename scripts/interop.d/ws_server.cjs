// A server for our client to try, on Node's ws. Usage: ws_server.cjs [CERTIFICATE KEY]
'use strict';
const { readFileSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const { WebSocketServer } = require('ws');

const [cert, key] = process.argv.slice(2).map((path) => readFileSync(path));
const server = cert ? https.createServer({ cert, key }) : http.createServer();
const sockets = new WebSocketServer({
  server,
  maxPayload: 16 * 1024 * 1024,
  handleProtocols: (offered) => offered.has('echo.v1') && 'echo.v1',
});

sockets.on('connection', (ws, request) => {
  const { url, headers } = request;
  if (url.startsWith('/close')) {
    ws.close(4002, 'go away');
  } else if (url.startsWith('/headers')) {
    ws.send(`${url} ${headers['x-test']} ${headers.cookie}`);
  } else {
    ws.on('message', (data, binary) => ws.send(data, { binary }));
  }
});

server.listen(0, '127.0.0.1', () => {
  console.log(`${cert ? 'wss' : 'ws'}://localhost:${server.address().port}`);
});
