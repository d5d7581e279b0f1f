//! The binary. Its code is in the library, so that tests and fuzz targets can use it.

/// The static binary of the container is linked with musl, whose own allocator has one lock for all threads.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    matinee::run()
}
