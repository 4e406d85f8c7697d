// Package certificate reads certificates and keys as files bring them, and says what is
// wrong with one, or with that of a server. It is for every adapter, and opens no file.
//
// What it takes is PEM (RFC 7468), which is what the configuration asks for. Any other form is
// told by its name, with the command that makes PEM of it.
package certificate

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/printed"
)

// Authorities gives the certificates of a file to trust. name is the file's, for the error
// and its advice (dirsync.Hint). A certificate that can't be read is left out, unless there
// is no other.
func Authorities(name string, data []byte) (*x509.CertPool, error) {
	found, err := certificates(name, data)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	for _, c := range found {
		pool.AddCert(c)
	}
	return pool, nil
}

// certificates gives those of a file in PEM, one at least.
func certificates(name string, data []byte) ([]*x509.Certificate, error) {
	if err := encoding(name, data); err != nil {
		return nil, err
	}
	var (
		found  []*x509.Certificate
		broken error
		others []string // types of other blocks
	)
	for rest := data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			others = append(others, block.Type)
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			broken = err
			continue
		}
		found = append(found, c)
	}
	switch {
	case len(found) > 0:
		return found, nil
	case broken != nil:
		return nil, dirsync.WithHint(fmt.Errorf("%s holds a certificate that can't be read: %w", name, broken), "have that certificate made anew")
	case len(others) > 0:
		return nil, otherBlock(name, others[0])
	}
	return nil, otherForm(name, data)
}

// Chain reads the certificate of a file, with those that signed it where they follow.
func Chain(name string, data []byte, now time.Time) (tls.Certificate, error) {
	found, err := certificates(name, data)
	if err != nil {
		return tls.Certificate{}, err
	}
	pair := tls.Certificate{Leaf: found[0]}
	for _, c := range found {
		pair.Certificate = append(pair.Certificate, c.Raw)
	}
	switch leaf := found[0]; {
	case now.After(leaf.NotAfter):
		err = dirsync.WithHint(fmt.Errorf("the certificate in %s ended on %s", name, day(leaf.NotAfter)), "have a new one made")
	case now.Before(leaf.NotBefore):
		err = dirsync.WithHint(fmt.Errorf("the certificate in %s begins on %s, and this machine's clock says %s", name, day(leaf.NotBefore), day(now)),
			"set this machine's clock right (NTP)")
	}
	return pair, err
}

// AddKey reads a file with the key of a pair's certificate, and completes the pair.
func AddKey(pair *tls.Certificate, name string, data []byte) error {
	if err := encoding(name, data); err != nil {
		return err
	}
	var others []string
	for rest := data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
			return dirsync.WithHint(fmt.Errorf("the key in %s is encrypted with a passphrase, which nobody could give", name),
				"take the passphrase off, and name that file: `openssl pkey -in "+printed.ShellWord(name)+" -out "+printed.ShellWord(name+".pem")+"`")
		}
		if block.Type != "PRIVATE KEY" && !strings.HasSuffix(block.Type, " PRIVATE KEY") {
			others = append(others, block.Type)
			continue
		}
		key, err := parseKey(block.Bytes)
		if err != nil {
			return dirsync.WithHint(fmt.Errorf("%s holds a key that can't be read: %w", name, err), "have it made anew, as RSA, ECDSA or Ed25519")
		}
		if public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(pair.Leaf.PublicKey) {
			return dirsync.WithHint(fmt.Errorf("the key in %s does not belong to the certificate of %s", name, pair.Leaf.Subject),
				"give the key with which that certificate was asked for, or the certificate of this key")
		}
		pair.PrivateKey = key
		return nil
	}
	if len(others) > 0 {
		return dirsync.WithHint(fmt.Errorf("%s holds no private key, but a block %s", name, others[0]), "give the file with the key; certificate and key may stand in one file")
	}
	if _, err := parseKey(data); err == nil {
		return dirsync.WithHint(fmt.Errorf("the key in %s is in DER form", name), makePEM(name, "pkey -inform der"))
	}
	if isPKCS12(data) {
		return dirsync.WithHint(fmt.Errorf("the key in %s is in a PKCS#12 bundle", name), makePEM(name, "pkcs12 -nodes -nocerts"))
	}
	return otherForm(name, data)
}

// parseKey reads a key in any of the forms that PEM bears.
func parseKey(der []byte) (crypto.Signer, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		if rsa, wrong := x509.ParsePKCS1PrivateKey(der); wrong == nil {
			return rsa, nil
		}
		if ec, wrong := x509.ParseECPrivateKey(der); wrong == nil {
			return ec, nil
		}
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("it can't sign")
	}
	return signer, nil
}

// day gives the time of a certificate's end or begin.
func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// End gives when the first certificate of a file ends; the zero time where there is none that can
// be read.
func End(data []byte) (end time.Time) {
	found, err := certificates("", data)
	if err != nil {
		return end
	}
	for _, c := range found {
		if end.IsZero() || c.NotAfter.Before(end) {
			end = c.NotAfter
		}
	}
	return end
}
