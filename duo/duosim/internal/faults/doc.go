// Package faults is what goes wrong on purpose: faults by rules, given or in a file,
// and rate limits with the waits that they tell.
package faults
