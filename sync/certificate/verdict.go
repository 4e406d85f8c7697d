package certificate

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	dirsync "duosync/sync"
)

// Client is who looked at a server's certificate, as far as advice needs it.
type Client struct {
	// Name is what the certificate must be for.
	Name string
	// CAFile and ServerName are the keys of the configuration for them; ServerName is ""
	// where there is none. HasCA tells that the first is set.
	CAFile, ServerName string
	HasCA              bool
	Now                time.Time
}

// Refused says why a client refuses a server's certificate, with advice; nil where an
// error is about something else.
func (c Client) Refused(err error) error {
	var (
		chain   []*x509.Certificate
		verify  *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	if errors.As(err, &verify) {
		chain = verify.UnverifiedCertificates
	}
	var why, hint string
	weak := false
	switch {
	case errors.As(err, &name):
		why, hint = c.otherName(name.Certificate)
	case errors.As(err, &invalid):
		why, hint = c.invalid(&invalid)
	case errors.As(err, &unknown):
		if cert := weakest(chain); cert != nil && strings.Contains(unknown.Error(), "insecure algorithm") { // x509 has no type for it beneath
			weak = true
			why, hint = fmt.Sprintf("the certificate of %s is signed with %s, which is not accepted any more", cert.Subject, cert.SignatureAlgorithm), "have it signed anew, with SHA-256"
			break
		}
		why, hint = c.unknown(unknown.Cert, chain, unknown.Error())
	case verify != nil, strings.Contains(err.Error(), "x509: "):
		_, reason, _ := strings.Cut(err.Error(), "x509: ")
		why, hint = "the server's certificate can't be used: "+cmp.Or(reason, err.Error()), "have the server's certificate made anew"
	default:
		return nil
	}
	return dirsync.WithHint(&verdict{text: why, weak: weak, err: err}, hint)
}

// verdict is the reason in words; the library's stays beneath it.
type verdict struct {
	text string
	weak bool
	err  error
}

func (v *verdict) Error() string { return v.text }
func (v *verdict) Unwrap() error { return v.err }

// IsWeak reports whether a client refuses a certificate, by what Refused gave, for how one of
// its chain is signed: more than the trust in an authority is missing.
func IsWeak(refused error) bool {
	var v *verdict
	return errors.As(refused, &v) && v.weak
}

// otherName is about a certificate that is for another name.
func (c Client) otherName(leaf *x509.Certificate) (why, hint string) {
	kind := "DNS:"
	if strings.Contains(c.Name, ":") || strings.Trim(c.Name, "0123456789.") == "" {
		kind = "IP:"
	}
	var names []string
	best := ""
	for _, name := range leaf.DNSNames {
		names = append(names, name)
		if best == "" && !strings.Contains(name, "*") {
			best = name
		}
	}
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
		if best == "" {
			best = ip.String()
		}
	}
	const most = 5
	if more := len(names) - most; more > 1 {
		names = append(names[:most], fmt.Sprintf("%d others", more))
	}
	switch {
	case len(names) == 0:
		return fmt.Sprintf("the server's certificate (%s) has no subjectAltName: a name in CN alone is not looked at (RFC 9525)", leaf.Subject),
			"have the server's certificate made anew, with the subjectAltName " + kind + c.Name
	case best == "" || c.ServerName == "":
		return fmt.Sprintf("the server's certificate is for %s, not for %s", strings.Join(names, ", "), c.Name),
			"address the server by a name that is in its certificate"
	}
	return fmt.Sprintf("the server's certificate is for %s, not for %s", strings.Join(names, ", "), c.Name),
		fmt.Sprintf("set %s: %s, if that is the server that is meant", c.ServerName, best)
}

// invalid is about a certificate that is not good for this, or not now.
func (c Client) invalid(invalid *x509.CertificateInvalidError) (why, hint string) {
	cert := invalid.Cert
	whose := "the server's certificate"
	if cert.IsCA {
		whose = "the authority's certificate"
	}
	whose += " (" + cert.Subject.String() + ")"
	switch {
	case invalid.Reason == x509.Expired && c.Now.Before(cert.NotBefore):
		return fmt.Sprintf("%s is not valid before %s, and this machine's clock says %s", whose, day(cert.NotBefore), day(c.Now)),
			"set this machine's clock right (NTP), or wait for that time"
	case invalid.Reason == x509.Expired:
		return fmt.Sprintf("%s has expired, on %s", whose, day(cert.NotAfter)), "have it renewed"
	case invalid.Reason == x509.IncompatibleUsage:
		return whose + " is not made for servers: its extended key usage lacks serverAuth", "have it made anew, for servers"
	case invalid.Reason == x509.NotAuthorizedToSign:
		return whose + " has signed the server's, and is no authority's: its basic constraints lack CA:TRUE", "have the server's certificate signed by an authority"
	}
	return whose + " can't be used: " + strings.TrimPrefix(invalid.Error(), "x509: "), "have it made anew"
}

// unknown is about a certificate whose signature leads to no authority that is trusted.
func (c Client) unknown(leaf *x509.Certificate, chain []*x509.Certificate, text string) (why, hint string) {
	if len(chain) > 0 {
		leaf = chain[0]
	}
	self := string(leaf.RawIssuer) == string(leaf.RawSubject)
	last := leaf
	if len(chain) > 0 {
		last = chain[len(chain)-1]
	}
	switch {
	case self:
		return fmt.Sprintf("the certificate is signed by unknown authority: by itself (%s)", leaf.Subject),
			"set " + c.CAFile + " to a file with that very certificate"
	case c.HasCA && strings.Contains(text, "cannot sign this kind of certificate"):
		return fmt.Sprintf("the certificate is signed by unknown authority: %s, whose certificate in %s is none of an authority: its basic constraints lack CA:TRUE", last.Issuer, c.CAFile),
			"have the authority's certificate made anew, with CA:TRUE, and set " + c.CAFile + " to it; or set it to the server's own certificate"
	case c.HasCA && strings.Contains(text, "while trying to verify candidate"):
		return fmt.Sprintf("the certificate is signed by unknown authority: %s, of which the authority in %s has the name, but not the key", last.Issuer, c.CAFile),
			"set " + c.CAFile + " to the certificate that this authority has now"
	case c.HasCA:
		return fmt.Sprintf("the certificate is signed by unknown authority: %s, which is not in the file of %s", last.Issuer, c.CAFile),
			"set " + c.CAFile + " to a file with that authority's certificate"
	}
	return fmt.Sprintf("the certificate is signed by unknown authority: %s", last.Issuer), "set " + c.CAFile + " to a file with that authority's certificate"
}

// weakest gives a certificate whose signature is one that x509 refuses; nil: there is none.
func weakest(chain []*x509.Certificate) *x509.Certificate {
	for _, cert := range chain {
		switch cert.SignatureAlgorithm {
		case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
			return cert
		}
	}
	return nil
}

// Alert is what the other side of a TLS connection says why it ends it (RFC 8446, 6.2), in
// crypto/tls's words; "" where it says nothing.
func Alert(err error) string {
	if err == nil {
		return ""
	}
	_, words, said := strings.Cut(err.Error(), "remote error: tls: ")
	if !said {
		return ""
	}
	words, _, _ = strings.Cut(words, ";")
	return words
}
