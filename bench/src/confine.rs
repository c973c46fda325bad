//! What keeps processes in their place: a core each, enough descriptors, and no life after the parent's.

use std::io;
use std::process;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getppid};

/// The cores of a comparison: one for the server, another for the generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cores {
    pub(crate) server: usize,
    pub(crate) generator: usize,
}

impl Cores {
    /// The first and the last core this process may run on; nothing if there is one only.
    pub(crate) fn choose() -> io::Result<Option<Self>> {
        let allowed = sched_getaffinity(Pid::from_raw(0))?;
        let mut cores = (0..CpuSet::count()).filter(|&core| allowed.is_set(core).unwrap_or(false));
        let (first, last) = (cores.next(), cores.next_back());
        Ok(first
            .zip(last)
            .map(|(server, generator)| Self { server, generator }))
    }
}

/// Keeps this process, and the ones it starts, on one core.
pub(crate) fn pin(core: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(core)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
}

/// Has the kernel kill this process when its parent dies; ends at once if it already has.
pub(crate) fn die_with(parent: u32) -> io::Result<()> {
    set_pdeathsig(Signal::SIGKILL)?;
    if getppid().as_raw() != parent as i32 {
        process::exit(0);
    }
    Ok(())
}

/// Raises the soft limit of open files to the hard one and answers with it.
pub(crate) fn raise_file_limit() -> io::Result<u64> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    Ok(hard)
}
