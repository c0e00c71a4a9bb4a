//! A library that is loaded before the program under test and stands between it and the system: what the system is told to refuse, it
//! refuses, and the clock on the wall is set. [`super::Machine`] builds it with `rustc` alone and says what is to fail, in a file that both
//! have in memory.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::sync::atomic::{AtomicI64, AtomicPtr, AtomicUsize, Ordering};

/// As in `<errno.h>`.
type Errno = i64;

/// What the file holds, each number 8 bytes long.
#[repr(C)]
struct Orders {
    /// Milliseconds by which the clock on the wall is ahead.
    clock: AtomicI64,
    /// What syncing answers; 0 lets it through.
    sync: AtomicI64,
    /// What writing at a place of a file answers.
    write: AtomicI64,
    /// What creating files and directories and opening them for writing answers.
    open: AtomicI64,
}

static QUIET: Orders = Orders {
    clock: AtomicI64::new(0),
    sync: AtomicI64::new(0),
    write: AtomicI64::new(0),
    open: AtomicI64::new(0),
};

#[repr(C)]
pub struct Moment {
    seconds: i64,
    nanos: i64,
}

#[link(name = "c")]
unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    fn access(path: *const c_char, mode: c_int) -> c_int;
    fn getenv(name: *const c_char) -> *const c_char;
    fn mmap(at: *mut c_void, length: usize, protection: c_int, flags: c_int, file: c_int, offset: i64) -> *mut c_void;
    fn __errno_location() -> *mut c_int;
}

/// The function of that name behind this library.
struct Behind(AtomicUsize, &'static CStr);

impl Behind {
    const fn new(name: &'static CStr) -> Self {
        Self(AtomicUsize::new(0), name)
    }

    fn find(&self) -> usize {
        const NEXT: *mut c_void = -1_isize as *mut c_void;
        match self.0.load(Ordering::Relaxed) {
            0 => {
                let found = unsafe { dlsym(NEXT, self.1.as_ptr()) } as usize;
                self.0.store(found, Ordering::Relaxed);
                found
            }
            found => found,
        }
    }
}

fn orders() -> &'static Orders {
    static MAPPED: AtomicPtr<Orders> = AtomicPtr::new(std::ptr::null_mut());
    let mapped = MAPPED.load(Ordering::Acquire);
    if !mapped.is_null() {
        return unsafe { &*mapped };
    }
    let named = unsafe { getenv(c"WASPNEST_TEST_MACHINE".as_ptr()) };
    if named.is_null() {
        return &QUIET;
    }
    let file = open_behind(named, 0, 0);
    if file < 0 {
        return &QUIET;
    }
    // To be read, and shared with whoever writes the file.
    let mapped = unsafe { mmap(std::ptr::null_mut(), 4096, 1, 1, file, 0) };
    if mapped as isize == -1 {
        return &QUIET;
    }
    MAPPED.store(mapped.cast(), Ordering::Release);
    unsafe { &*mapped.cast::<Orders>() }
}

fn refused(errno: Errno) -> bool {
    if errno != 0 {
        unsafe { *__errno_location() = errno as c_int };
    }
    errno != 0
}

fn open_behind(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    static OPEN: Behind = Behind::new(c"open64");
    type Open = unsafe extern "C" fn(*const c_char, c_int, ...) -> c_int;
    let open: Open = unsafe { std::mem::transmute(OPEN.find()) };
    unsafe { open(path, flags, mode) }
}

/// Not what is no file of a disk.
fn is_on_disk(path: *const c_char) -> bool {
    let path = unsafe { CStr::from_ptr(path) }.to_bytes();
    !path.starts_with(b"/dev/") && !path.starts_with(b"/proc/")
}

#[unsafe(no_mangle)]
pub extern "C" fn open64(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    // O_WRONLY, O_RDWR and O_CREAT.
    let writes = flags & (0o1 | 0o2 | 0o100) != 0;
    if writes && is_on_disk(path) && refused(orders().open.load(Ordering::Relaxed)) {
        return -1;
    }
    open_behind(path, flags, mode)
}

#[unsafe(no_mangle)]
pub extern "C" fn mkdir(path: *const c_char, mode: c_uint) -> c_int {
    static MKDIR: Behind = Behind::new(c"mkdir");
    // One that is there is there, whatever the disk takes.
    let is_there = unsafe { access(path, 0) } == 0;
    if !is_there && refused(orders().open.load(Ordering::Relaxed)) {
        return -1;
    }
    type Mkdir = unsafe extern "C" fn(*const c_char, c_uint) -> c_int;
    let mkdir: Mkdir = unsafe { std::mem::transmute(MKDIR.find()) };
    unsafe { mkdir(path, mode) }
}

#[unsafe(no_mangle)]
pub extern "C" fn pwrite64(file: c_int, bytes: *const c_void, length: usize, at: i64) -> isize {
    static PWRITE: Behind = Behind::new(c"pwrite64");
    if refused(orders().write.load(Ordering::Relaxed)) {
        return -1;
    }
    type Pwrite = unsafe extern "C" fn(c_int, *const c_void, usize, i64) -> isize;
    let pwrite: Pwrite = unsafe { std::mem::transmute(PWRITE.find()) };
    unsafe { pwrite(file, bytes, length, at) }
}

fn sync(behind: &Behind, file: c_int) -> c_int {
    if refused(orders().sync.load(Ordering::Relaxed)) {
        return -1;
    }
    let sync: unsafe extern "C" fn(c_int) -> c_int = unsafe { std::mem::transmute(behind.find()) };
    unsafe { sync(file) }
}

#[unsafe(no_mangle)]
pub extern "C" fn fsync(file: c_int) -> c_int {
    static FSYNC: Behind = Behind::new(c"fsync");
    sync(&FSYNC, file)
}

#[unsafe(no_mangle)]
pub extern "C" fn fdatasync(file: c_int) -> c_int {
    static FDATASYNC: Behind = Behind::new(c"fdatasync");
    sync(&FDATASYNC, file)
}

#[unsafe(no_mangle)]
pub extern "C" fn sync_file_range(file: c_int, offset: i64, bytes: i64, flags: c_uint) -> c_int {
    static RANGE: Behind = Behind::new(c"sync_file_range");
    if refused(orders().sync.load(Ordering::Relaxed)) {
        return -1;
    }
    type Range = unsafe extern "C" fn(c_int, i64, i64, c_uint) -> c_int;
    let range: Range = unsafe { std::mem::transmute(RANGE.find()) };
    unsafe { range(file, offset, bytes, flags) }
}

#[unsafe(no_mangle)]
pub extern "C" fn clock_gettime(clock: c_int, moment: *mut Moment) -> c_int {
    static GETTIME: Behind = Behind::new(c"clock_gettime");
    let gettime: unsafe extern "C" fn(c_int, *mut Moment) -> c_int = unsafe { std::mem::transmute(GETTIME.find()) };
    let answer = unsafe { gettime(clock, moment) };
    // CLOCK_REALTIME and its coarse form.
    if answer == 0 && (clock == 0 || clock == 5) {
        let ahead = orders().clock.load(Ordering::Relaxed);
        let nanos = unsafe { (*moment).nanos } + ahead.rem_euclid(1000) * 1_000_000;
        unsafe {
            (*moment).seconds += ahead.div_euclid(1000) + nanos / 1_000_000_000;
            (*moment).nanos = nanos % 1_000_000_000;
        }
    }
    answer
}
