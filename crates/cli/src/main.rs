//! The binary; the library beside it can be tried on its own.

/// The static binary of the container is linked with musl, whose own allocator takes one lock for all threads.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    matinee::run()
}
