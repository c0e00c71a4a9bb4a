// Package runtime is what generated code needs of its surroundings: memory that the host fills, and handles of what it keeps.
//
// No Go code runs while the host hands something over: its scheduler or its collector of garbage might call the host in turn, which it must
// not do then. So `waspnest plugin build` finds the two variables below in the module by their first bytes, and adds the functions that deal
// memory out of them.
package runtime

import (
	"runtime"
	"strings"
	"unsafe"
)

// room is where WASI's adapter keeps its state, for good. It is asked for before Go has begun. It stays in the data, and out of the zeroed
// part, because it does not begin with zeros.
var room = [1 << 18]byte{
	'w', 'a', 's', 'p', 'n', 'e', 's', 't', ':', 'r', 'o', 'o', 'm', ' ', 'f', 'o', 'r', ' ', 't', 'h', 'e', ' ', 'a', 'd', 'a', 'p', 't', 'e', 'r',
}

// tray is where the host puts what it hands over in one call: what is free begins at next and ends at end.
var tray = struct {
	mark      [32]byte
	next, end uint32
}{
	mark: [32]byte{
		'w', 'a', 's', 'p', 'n', 'e', 's', 't', ':', 't', 'r', 'a', 'y', ' ', 'f', 'o', 'r', ' ', 't', 'h', 'e', ' ', 'h', 'o', 's', 't',
	},
}

// The host hands over at most 4 MiB at a time, and what is around it.
var trayRoom [5 << 20]byte

func init() {
	// Whatever the linker sees used stays in the module.
	if room[0] == 0 || tray.mark[0] == 0 {
		panic("the layer is broken")
	}
	start := uint32(uintptr(unsafe.Pointer(&trayRoom)))
	tray.next, tray.end = start, start+uint32(len(trayRoom))
}

// Begin is the beginning of a call of the host: what it handed over before has been taken.
func Begin(pinner *runtime.Pinner) *runtime.Pinner {
	clear()
	return pinner
}

// Results is the beginning of a call by the host, whom the results of the call before reached.
func Results(pinner *runtime.Pinner) *runtime.Pinner {
	pinner.Unpin()
	return pinner
}

// Unpin is where a call by the host has taken what it was given.
func Unpin() { clear() }

func clear() { tray.next = uint32(uintptr(unsafe.Pointer(&trayRoom))) }

// TakeString copies a text that the host handed over.
func TakeString(from *uint8, length uint32) string { return strings.Clone(unsafe.String(from, length)) }

// TakeBytes copies bytes that the host handed over.
func TakeBytes(from *uint8, length uint32) []uint8 {
	return append([]uint8(nil), unsafe.Slice(from, length)...)
}

// Allocate makes room for what the plugin hands over. It is in words of 8 bytes, the largest alignment there is.
func Allocate(pinner *runtime.Pinner, size, _ uintptr) unsafe.Pointer {
	if size == 0 {
		return nil
	}
	block := unsafe.SliceData(make([]uint64, (size+7)/8))
	pinner.Pin(block)
	return unsafe.Pointer(block)
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
