package duosim

import (
	"crypto/rand"
	"time"

	"duosync/duo/duosim/internal/protocol"
)

// Options shape the simulated account. The zero value is a plain account with
// random keys, Duo's documented limits and no rate limit.
type Options struct {
	// Keys are the applications' keys. A kind without a key gets a random one.
	Keys []Key
	// Now is Duo's clock: of signatures, the Trash, rate limits and the Date of
	// replies. Nil means time.Now. It must be safe for concurrent use.
	Now func() time.Time
	// Rules are what holds in the account.
	Rules Rules
	// RateLimits hold for each key on its own. None means no limit.
	RateLimits []RateLimit
	// Faults are there from the start; see SetFaults.
	Faults Faults
	// CertificateNames are added to 127.0.0.1, ::1 and localhost in the server's
	// certificate: DNS names or addresses.
	CertificateNames []string
	// OnCall is called with each call after its effect and before its reply, so
	// that a test can change the account between two pages. It may use the
	// server's methods, and is called by several goroutines at once where
	// several calls are under way.
	OnCall func(Call)
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	keys := append([]Key(nil), o.Keys...)
	for _, kind := range []KeyKind{KeyAdmin, KeyReader, KeyAuth} {
		if _, ok := protocol.KeyOf(keys, kind); !ok {
			keys = append(keys, Key{Kind: kind, Integration: "DI" + randomText(18), Secret: randomText(40)})
		}
	}
	o.Keys = keys
	return o
}

// randomText returns n capital letters and digits; each is worth five bits.
func randomText(n int) string {
	const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	text := make([]byte, n)
	_, _ = rand.Read(text) // never fails, says its documentation
	for i, b := range text {
		text[i] = letters[int(b)%len(letters)]
	}
	return string(text)
}
