package plugin

import (
	"fmt"

	wit "waspnest.org/plugin/wit/types"
	types "waspnest.org/plugin/wit/waspnest_plugin_types"
)

// Refused is the error of a call that the host refused. Returned, it asks for a retry where that may help, and rejects the event where it
// cannot.
type Refused struct {
	// Call is which, such as `messaging.send`.
	Call string
	// Cause is why, as the contract has it.
	Cause types.Error
}

// IsDenied says whether a grant is missing: the plugin may go on without that capability.
func (r *Refused) IsDenied() bool { return r.Cause.Tag() == types.ErrorDenied }

// IsConflict says whether somebody else wrote first: read again and repeat.
func (r *Refused) IsConflict() bool { return r.Cause.Tag() == types.ErrorConflict }

// IsNotFound says whether what was asked for does not exist.
func (r *Refused) IsNotFound() bool { return r.Cause.Tag() == types.ErrorNotFound }

func (r *Refused) Error() string { return fmt.Sprintf("the host refused %s: %s", r.Call, r.words()) }

func (r *Refused) words() string {
	switch cause := r.Cause; cause.Tag() {
	case types.ErrorDenied:
		return "not granted: " + cause.Denied()
	case types.ErrorNotFound:
		return "not found"
	case types.ErrorInvalid:
		return "invalid: " + cause.Invalid()
	case types.ErrorConflict:
		return "somebody else wrote first"
	case types.ErrorTooLarge:
		return fmt.Sprintf("larger than %d bytes", cause.TooLarge())
	case types.ErrorQuota:
		return "used up: " + cause.Quota()
	case types.ErrorRateLimited:
		if wait, limited := cause.RateLimited().Get(); limited {
			return fmt.Sprintf("too fast, wait %d ms", wait)
		}
		return "too fast"
	case types.ErrorOffline:
		return "the session is not connected"
	case types.ErrorTimeout:
		return "it took too long"
	case types.ErrorUnsupported:
		return "not in this version: " + cause.Unsupported()
	case types.ErrorUpstream:
		said := cause.Upstream()
		return fmt.Sprintf("the other side answered %d: %s", said.F0, said.F1)
	default:
		return "a fault of the host: " + cause.Internal()
	}
}

func (r *Refused) failure(words string) types.HandlerError {
	later := func(wait wit.Option[uint64]) types.HandlerError {
		return types.MakeHandlerErrorRetry(wit.Tuple2[string, wit.Option[uint64]]{F0: words, F1: wait})
	}
	switch r.Cause.Tag() {
	case types.ErrorRateLimited:
		return later(r.Cause.RateLimited())
	case types.ErrorUpstream:
		// A refusal that holds is kept with the event: the same call would meet it again.
		code := r.Cause.Upstream().F0
		if code >= 400 && code < 500 && code != 408 && code != 425 && code != 429 {
			return types.MakeHandlerErrorReject(words)
		}
		return later(wit.None[uint64]())
	case types.ErrorConflict, types.ErrorOffline, types.ErrorTimeout, types.ErrorInternal:
		return later(wit.None[uint64]())
	default:
		// A quota is per call or granted: the same call would meet it again.
		return types.MakeHandlerErrorReject(words)
	}
}

// Asked turns the host's answer into Go's form: a value and an error, which is a *Refused.
func Asked[T any](call string, answer wit.Result[T, types.Error]) (T, error) {
	if answer.IsErr() {
		var none T
		return none, &Refused{call, answer.Err()}
	}
	return answer.Ok(), nil
}

// Done is the same for calls that answer nothing.
func Done(call string, answer wit.Result[wit.Unit, types.Error]) error {
	_, err := Asked(call, answer)
	return err
}
