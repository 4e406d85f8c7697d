package advice_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/advice"
	dirsync "duosync/sync"
)

// What a look at a server does not show is not told: advice about TLS is for one that broke a
// handshake off, and not for one that says nothing or can't be reached.
func TestLookAtNoTLS(t *testing.T) {
	t.Parallel()
	const own, aboutTLS = "check the firewall", "closes each connection without a word"
	late := dirsync.WithHint(context.DeadlineExceeded, own)
	cut := dirsync.WithHint(io.EOF, own)
	hangUp := func(near net.Conn, _ int, _ context.CancelFunc) { _ = near.Close() }
	// The time for the look is up while the server keeps silent.
	silent := func(_ net.Conn, _ int, timeUp context.CancelFunc) { timeUp() }
	silentOnceMore := func(near net.Conn, before int, timeUp context.CancelFunc) {
		if before == 0 {
			hangUp(near, before, timeUp)
			return
		}
		silent(near, before, timeUp)
	}
	for name, tt := range map[string]struct {
		err      error
		accept   func(near net.Conn, before int, timeUp context.CancelFunc) // nil: nobody listens any more
		startTLS bool
		hint     string
	}{
		"silent":                      {err: late, accept: silent, hint: own},
		"silent, StartTLS":            {err: late, accept: silent, startTLS: true, hint: own},
		"silent, cut off at first":    {err: cut, accept: silent, hint: own},
		"hangs up":                    {err: cut, accept: hangUp, hint: aboutTLS},
		"hangs up, silent at first":   {err: late, accept: hangUp, hint: own},
		"hangs up, then silent":       {err: cut, accept: silentOnceMore, hint: own},
		"hangs up, StartTLS":          {err: cut, accept: hangUp, startTLS: true, hint: own},
		"does not listen":             {err: cut, hint: own},
		"does not listen, StartTLS":   {err: cut, startTLS: true, hint: own},
		"does not listen, was silent": {err: late, hint: own},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, timeUp := context.WithCancel(t.Context())
			defer timeUp()
			before := 0
			target := advice.Target{URL: "ldaps://ldap.example.org", Encrypted: true, StartTLS: tt.startTLS, Dial: func(context.Context) (net.Conn, error) {
				if tt.accept == nil {
					return nil, errors.New("connection refused")
				}
				near, far := net.Pipe()
				t.Cleanup(func() { _ = near.Close() })
				tt.accept(near, before, timeUp)
				before++
				return far, nil
			}}
			err := target.Look(ctx, tt.err)
			if !errors.Is(err, errors.Unwrap(tt.err)) || !strings.Contains(dirsync.Hint(err), tt.hint) {
				t.Errorf("%v (%s), want %q", err, dirsync.Hint(err), tt.hint)
			}
		})
	}
}

// Whatever code a server answers with in the clear, it speaks LDAP, and no TLS.
func TestLookAtPlainLDAP(t *testing.T) {
	t.Parallel()
	for _, code := range []uint16{ldap.LDAPResultSuccess, ldap.LDAPResultInsufficientAccessRights, 118, 4096, 16654} {
		dials := 0
		target := advice.Target{URL: "ldaps://ldap.example.org:389", Encrypted: true, Dial: func(context.Context) (net.Conn, error) {
			dials++
			near, far := net.Pipe()
			t.Cleanup(func() { _ = near.Close() })
			if dials != 2 { // TLS at first, StartTLS at last
				return far, near.Close()
			}
			go answer(near, code)
			return far, nil
		}}
		err := target.Look(t.Context(), io.EOF)
		if err == nil || !strings.Contains(err.Error(), "does not speak TLS on this port, but plain LDAP, and offers no StartTLS") {
			t.Errorf("%d: %v", code, err)
		}
	}
}

// answer answers one search with a code.
func answer(stream net.Conn, code uint16) {
	if _, err := ber.ReadPacket(stream); err != nil {
		return
	}
	done := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultDone, nil, "")
	done.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, int64(code), ""))
	for range 2 { // matched DN and message
		done.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", ""))
	}
	message := ber.NewSequence("")
	message.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 1, ""))
	message.AppendChild(done)
	_, _ = stream.Write(message.Bytes())
}
