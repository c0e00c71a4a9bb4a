// Package log is lines and figures for the operator. Needs no grant; bounded per call. What was logged stays logged when the call fails.
package log

import (
	"fmt"

	wit "waspnest.org/plugin/wit/types"
	host "waspnest.org/plugin/wit/waspnest_plugin_log"
)

// Trace writes a line about a step inside a function. Fields are names and values by turns.
func Trace(message string, fields ...any) { host.Emit(host.LevelTrace, message, pairs(fields)) }

// Debug writes a line for the author of the plugin.
func Debug(message string, fields ...any) { host.Emit(host.LevelDebug, message, pairs(fields)) }

// Info writes a line about something normal that is worth knowing.
func Info(message string, fields ...any) { host.Emit(host.LevelInfo, message, pairs(fields)) }

// Warn writes a line about something unexpected that was handled.
func Warn(message string, fields ...any) { host.Emit(host.LevelWarn, message, pairs(fields)) }

// Error writes a line about something that failed.
func Error(message string, fields ...any) { host.Emit(host.LevelError, message, pairs(fields)) }

// Counter adds to a counter. Labels are names and values by turns.
func Counter(name string, delta uint64, labels ...any) { host.Counter(name, delta, pairs(labels)) }

// Histogram records one value of a distribution.
func Histogram(name string, value float64, labels ...any) {
	host.Histogram(name, value, pairs(labels))
}

func pairs(words []any) []wit.Tuple2[string, string] {
	pairs := make([]wit.Tuple2[string, string], 0, len(words)/2)
	for at := 0; at+1 < len(words); at += 2 {
		pairs = append(pairs, wit.Tuple2[string, string]{F0: fmt.Sprint(words[at]), F1: fmt.Sprint(words[at+1])})
	}
	return pairs
}
