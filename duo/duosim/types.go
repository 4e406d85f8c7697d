package duosim

import (
	"duosync/duo/duosim/internal/account"
	"duosync/duo/duosim/internal/faults"
	"duosync/duo/duosim/internal/protocol"
)

// What an account holds: plain data for tests to give and to compare.
type (
	// User is a Duo user.
	User = account.User
	// BypassCode is a passcode that stands in for a device.
	BypassCode = account.BypassCode
	// Group is a Duo group.
	Group = account.Group
	// Phone is a Duo phone.
	Phone = account.Phone
	// Token is a hardware token.
	Token = account.Token
	// Mail is an enrollment mail that Duo has sent.
	Mail = account.Mail
	// Message is a text message that Duo has sent to a phone.
	Message = account.Message
	// Snapshot is all that an account holds at one time.
	Snapshot = account.Snapshot
)

// Rules are what holds in an account, above all where Duo's documents leave
// something open.
type Rules = account.Rules

// Limits are the sizes at which Duo refuses.
type Limits = account.Limits

// What people can do with a push; see Rules.
const (
	PushApprove = account.PushApprove
	PushDeny    = account.PushDeny
	PushFraud   = account.PushFraud
	PushWaiting = account.PushWaiting // nothing
)

// What bulk calls answer; see Rules.
const (
	BulkEnvelopes = account.BulkEnvelopes
	BulkPartial   = account.BulkPartial
	BulkBare      = account.BulkBare
)

// Key is an application's pair of keys: 20 characters beginning with DI, and 40.
type Key = protocol.Key

// KeyKind is the application that a key belongs to, with its permissions.
type KeyKind = protocol.KeyKind

// The kinds of keys. KeyAdmin has "Grant resource" for reading and writing and
// "Grant read information"; KeyReader lacks writing: its writes are answered
// with 403/40301.
const (
	KeyAdmin  = protocol.KeyAdmin
	KeyReader = protocol.KeyReader
	KeyAuth   = protocol.KeyAuth
)

// Fault is a rule: which calls, which of those, and what happens then. The
// package's documentation says which fields go with which effect.
type Fault = faults.Fault

// Faults are rules in their order, with the seed of their probabilities.
type Faults = faults.Faults

// Effect is what a fault does to a call. The package's documentation has the
// table of them.
type Effect = faults.Effect

// The effects, by their names in a file of faults.
const (
	Status429  = faults.Status429
	Error500   = faults.Error500
	Error50001 = faults.Error50001
	HTML502    = faults.HTML502
	Fail200    = faults.Fail200
	EmptyCode  = faults.EmptyCode
	NoCode     = faults.NoCode
	Refuse     = faults.Refuse
	FailPage   = faults.FailPage
	CutBefore  = faults.CutBefore
	CutAfter   = faults.CutAfter
	ErrorAfter = faults.ErrorAfter
	Slow       = faults.Slow
	Stale      = faults.Stale
	Swap       = faults.Swap
	WrongID    = faults.WrongID
	Endless    = faults.Endless
	Short      = faults.Short
	Twice      = faults.Twice
	Reversed   = faults.Reversed
	Stranger   = faults.Stranger
)

// RateLimit lets so many calls of one key through in any window of that length.
type RateLimit = faults.RateLimit
