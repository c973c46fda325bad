// The `ws` package as its README shows it. Arguments: host, port, app (echo, fanout or flood).
'use strict';
const { WebSocketServer, WebSocket } = require('ws');

const [host, port, app] = process.argv.slice(2);
const server = new WebSocketServer({ host, port: Number(port), backlog: 4096 });

server.on('listening', () => console.log(`listening on ${host}:${server.address().port}`));
server.on('connection', (socket) => {
  socket.on('error', () => {}); // a connection that fails is the client's to notice
  if (app === 'fanout') {
    socket.send('ready');
    socket.on('message', (data, binary) => {
      for (const client of server.clients) {
        if (client.readyState === WebSocket.OPEN) client.send(data, { binary });
      }
    });
  } else if (app === 'flood') {
    let taken = 0;
    socket.on('message', () => {
      const end = process.hrtime.bigint() + 500_000n;
      while (process.hrtime.bigint() < end);
      if (++taken % 100 === 0) {
        const now = Buffer.alloc(8);
        now.writeBigUInt64BE(process.hrtime.bigint());
        socket.send(now);
      }
    });
  } else {
    socket.on('message', (data, binary) => socket.send(data, { binary }));
  }
});
