// Package types has what the contract's types are made of and Go has no form for.
package types

// Unit is nothing, as a value.
type Unit struct{}

// Option is a value, or none.
type Option[T any] struct {
	has   bool
	value T
}

// The cases of an Option, as generated code reads them.
const (
	OptionNone uint8 = iota
	OptionSome
)

// Some makes an Option of a value.
func Some[T any](value T) Option[T] { return Option[T]{true, value} }

// None makes an Option without one.
func None[T any]() Option[T] { return Option[T]{} }

// Maybe makes an Option of what a pointer points to; none for nil.
func Maybe[T any](value *T) Option[T] {
	if value == nil {
		return None[T]()
	}
	return Some(*value)
}

// Tag says which case it is.
func (o Option[T]) Tag() uint8 {
	if o.has {
		return OptionSome
	}
	return OptionNone
}

// IsSome says whether there is a value.
func (o Option[T]) IsSome() bool { return o.has }

// IsNone says whether there is none.
func (o Option[T]) IsNone() bool { return !o.has }

// Some is the value. It panics where there is none: use SomeOr or Get.
func (o Option[T]) Some() T {
	if !o.has {
		panic("there is no value")
	}
	return o.value
}

// SomeOr is the value, or another one where there is none.
func (o Option[T]) SomeOr(other T) T {
	if o.has {
		return o.value
	}
	return other
}

// Get is the value, and whether there is one.
func (o Option[T]) Get() (T, bool) { return o.value, o.has }

// Result is what a function answers: a value, or an error.
type Result[T, E any] struct {
	failed bool
	value  T
	err    E
}

// The cases of a Result, as generated code reads them.
const (
	ResultOk uint8 = iota
	ResultErr
)

// Ok makes a Result of a value.
func Ok[T, E any](value T) Result[T, E] { return Result[T, E]{value: value} }

// Err makes a Result of an error.
func Err[T, E any](err E) Result[T, E] { return Result[T, E]{failed: true, err: err} }

// Tag says which case it is.
func (r Result[T, E]) Tag() uint8 {
	if r.failed {
		return ResultErr
	}
	return ResultOk
}

// IsOk says whether there is a value.
func (r Result[T, E]) IsOk() bool { return !r.failed }

// IsErr says whether there is an error.
func (r Result[T, E]) IsErr() bool { return r.failed }

// Ok is the value. It panics where there is an error.
func (r Result[T, E]) Ok() T {
	if r.failed {
		panic("there is an error and no value")
	}
	return r.value
}

// Err is the error. It panics where there is none.
func (r Result[T, E]) Err() E {
	if !r.failed {
		panic("there is a value and no error")
	}
	return r.err
}

// Tuple2 is two values.
type Tuple2[A, B any] struct {
	F0 A
	F1 B
}
