//! What Linux reports of this process.

use anyhow::{Context, Result};

/// The peak memory in MB since the start, or since [`forget_peak`].
pub fn peak_megabytes() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("peak memory is read from /proc")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes / 1024.0)
}

/// The peak is measured anew from now on (`proc_pid_clear_refs(5)`).
pub fn forget_peak() -> Result<()> {
    std::fs::write("/proc/self/clear_refs", "5").context("the peak is reset through /proc")
}

/// The processor time of all threads in seconds.
pub fn cpu_seconds() -> Result<f64> {
    /// In which Linux reports times to programs (`USER_HZ`).
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").context("processor time is read from /proc")?;
    // The name of the program, in parentheses, may contain anything.
    let fields = stat.rsplit_once(')').context("no name")?.1;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>()? / TICKS_PER_SECOND)
}
