//! What a process holds, told on its standard output.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    fs,
    io::Write,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
    time::Duration,
};

/// What a process held at a time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Memory {
    /// Bytes that were allocated and not freed.
    pub(super) allocated: u64,
    /// Bytes of memory of its own that are resident, after the allocator gave back what it could.
    pub(super) resident: u64,
    pub(super) sessions: u64,
}

/// Begins a line that tells it.
const MEMORY: &str = "memory ";

/// How often it is told.
pub(super) const EACH: Duration = Duration::from_millis(250);

/// Tells for as long as the process lives.
pub(super) fn report(sessions: impl Fn() -> usize + Send + 'static) {
    thread::spawn(move || {
        loop {
            trim();
            let memory = (ALLOCATED.load(Relaxed), resident(), sessions());
            let mut stdout = std::io::stdout().lock();
            let told = writeln!(stdout, "{MEMORY}{} {} {}", memory.0, memory.1, memory.2);
            if told.and_then(|()| stdout.flush()).is_err() {
                return;
            }
            drop(stdout);
            thread::sleep(EACH);
        }
    });
}

impl Memory {
    /// What a line tells, if it does.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut numbers = line.strip_prefix(MEMORY)?.split(' ').map(str::parse);
        let mut next = || numbers.next()?.ok();
        Some(Self {
            allocated: next()?,
            resident: next()?,
            sessions: next()?,
        })
    }

    /// The most of both.
    pub(super) fn max(self, other: Self) -> Self {
        Self {
            allocated: self.allocated.max(other.allocated),
            resident: self.resident.max(other.resident),
            sessions: self.sessions.max(other.sessions),
        }
    }
}

fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or_default() << 10
}

#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "a call of the C library")]
fn trim() {
    unsafe extern "C" {
        safe fn malloc_trim(pad: usize) -> i32;
    }
    malloc_trim(0);
}

#[cfg(not(target_env = "gnu"))]
fn trim() {}

static ALLOCATED: AtomicU64 = AtomicU64::new(0);

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

#[expect(unsafe_code, reason = "an allocator")]
// SAFETY: everything is left to the system's allocator, and counted.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size() as u64, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size() as u64, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) };
    }
}
