//go:build !linux

package framed

import "time"

// pause waits for pileUp. Nanosleep, which would take the thread along, is to be had on Linux
// only; with this a read costs more, and finds the same.
func pause() { time.Sleep(pileUp) }
