// Package runtime is what generated code needs of its surroundings: memory that the host fills, and handles of what it keeps.
package runtime

import (
	"runtime"
	"unsafe"
)

// room is where WASI's adapter keeps its state. The adapter asks for memory before Go has begun, when no Go code can run, so
// `waspnest plugin build` finds this array in the module by its first bytes, and gives the adapter a function that deals it out.
// It stays in the data, and out of the zeroed part, because it does not begin with zeros.
var room = [1 << 18]byte{
	'w', 'a', 's', 'p', 'n', 'e', 's', 't', ':', 'r', 'o', 'o', 'm', ' ', 'f', 'o', 'r', ' ', 't', 'h', 'e', ' ', 'a', 'd', 'a', 'p', 't', 'e', 'r',
}

// handed holds on to what the host has been given to fill, until the call is over.
var handed [][]uint64

// Allocate makes room for what crosses the boundary. It is in words of 8 bytes, the largest alignment there is.
func Allocate(pinner *runtime.Pinner, size, _ uintptr) unsafe.Pointer {
	if size == 0 {
		return nil
	}
	block := unsafe.SliceData(make([]uint64, (size+7)/8))
	pinner.Pin(block)
	return unsafe.Pointer(block)
}

// Unpin lets go of what a call was given, when it is over.
func Unpin() {
	clear(handed)
	handed = handed[:0]
}

// The collector of garbage reads the clock, and nobody may call the host while it hands something over. The adapter answers with the time
// it knows while it is paused.
//
//go:wasmimport wasi_snapshot_preview1 adapter_monotonic_clock_set_paused
func pauseClock(paused bool)

//go:wasmexport cabi_realloc
func cabiRealloc(old unsafe.Pointer, _, _, size uintptr) unsafe.Pointer {
	if old != nil || room[0] == 0 {
		panic("the host never asks for more of what it has")
	}
	if size == 0 {
		return nil
	}
	pauseClock(true)
	block := make([]uint64, (size+7)/8)
	handed = append(handed, block)
	pauseClock(false)
	return unsafe.Pointer(unsafe.SliceData(block))
}

// Handle names something that the host keeps for the plugin.
type Handle struct{ value int32 }

// MakeHandle takes a number that the host gave.
func MakeHandle(value int32) *Handle { return &Handle{value} }

// Use is the number.
func (h *Handle) Use() int32 {
	if h.value == 0 {
		panic("it was dropped or given away")
	}
	return h.value
}

// Take is the number, which is the host's own again.
func (h *Handle) Take() int32 {
	value := h.Use()
	h.value = 0
	return value
}

// TakeOrNil is the same, and 0 where it was taken before.
func (h *Handle) TakeOrNil() int32 {
	value := h.value
	h.value = 0
	return value
}

// Set takes a number that the host gave.
func (h *Handle) Set(value int32) { h.value = value }
