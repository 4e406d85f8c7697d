package api

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"duosync/duo/api/proxy"
	"duosync/sync/certificate"
)

// errUnknown stands for a failure without a cause.
var errUnknown = errors.New("unknown")

// endpoint is where Duo is called.
type endpoint struct {
	address string // host[:port], to dial
	host    string // lower case, without port: what is signed
	timeout time.Duration

	ownCA bool         // duo.ca_file is set
	route *proxy.Route // the way there

	askedForCertificate *atomic.Bool // what answered asked us for one, which Duo does not
}

// hint says what the admin can do about e, or "". ahead is how far Duo's clock
// is ahead of ours by the answer at hand.
func (at *endpoint) hint(e *Error, ahead time.Duration, dated bool) string {
	switch e.Kind {
	case ErrUnauthorized:
		return at.keyHint(e, ahead, dated)
	case ErrForbidden:
		if e.wrongApplication() {
			return "duo.integration_key and duo.secret_key belong to another kind of application, such as Auth API: " +
				"take the keys of an Admin API application (Duo Admin Panel, Applications)"
		}
		return "grant the Admin API application the rights \"Grant resource - Read\" and \"Grant resource - Write\" " +
			"(Duo Admin Panel, Applications)"
	case ErrStray:
		return "answers of Duo's seem to be mixed up on their way: look at the proxy, balancer or firewall between here and " + at.address
	case ErrNotDuo:
		return "something else than Duo answered: check duo.host, and whether a proxy, portal or firewall is in the way"
	case ErrRateLimited:
		return "try again later, or set duo.rate to fewer calls, such as 50/1m"
	case ErrServer:
		return "Duo, or something before it, is in trouble (see https://status.duo.com): try again later"
	case ErrTransport:
		return at.transportHint(e.Err)
	}
	return ""
}

func (at *endpoint) keyHint(e *Error, ahead time.Duration, dated bool) string {
	if off := ahead.Abs(); dated && (off > MaxSkew || e.Code == 40105 && off > time.Minute) {
		way := "behind"
		if ahead < 0 {
			way = "ahead of"
		}
		return fmt.Sprintf("this machine's clock is %s %s Duo's: set it right (NTP)", off.Round(time.Second), way)
	}
	switch e.Code {
	case 40102:
		return "Duo does not know duo.integration_key at " + at.host + ": check both, they belong to one application"
	case 40101, 40104:
		return "a header of the call was lost on its way: have the proxy or firewall between here and " + at.address + " leave Authorization and Date as they are"
	case 40103:
		return "check duo.secret_key, and that duo.host is the one shown with it"
	case 40105:
		return "check this machine's clock: Duo refuses requests that are more than five minutes off"
	}
	return "check duo.integration_key, duo.secret_key and duo.host: they belong to one application"
}

func (at *endpoint) transportHint(err error) string {
	var (
		dns      *net.DNSError
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
		record   tls.RecordHeaderError
		timeout  net.Error
	)
	if err == nil {
		err = errUnknown
	}
	client := certificate.Client{Name: at.host, CAFile: "duo.ca_file", HasCA: at.ownCA, Now: time.Now()}
	why := client.Refused(err)
	switch {
	case at.route.Hint(err) != "":
		return at.route.Hint(err)
	case errors.As(err, &unknown) && !certificate.IsWeak(why):
		return "the server's certificate is not from a known authority: if a proxy inspects TLS, or this is a simulator, " +
			"set duo.ca_file to its CA certificate"
	case errors.As(err, &hostname) && len(hostname.Certificate.DNSNames)+len(hostname.Certificate.IPAddresses) > 0:
		return "the certificate is for another name than " + at.host + ": check duo.host"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return why.Error() + ": check this machine's clock; if it is right, what answers is not Duo, but something that inspects TLS on the way, whose certificate must be renewed"
	case why != nil:
		return why.Error() + ": what answers is not Duo: check duo.host, or have the proxy that inspects TLS on the way set right"
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return "what answers at " + at.address + " does not speak TLS: check duo.host and its port"
	case certificate.Alert(err) != "":
		return at.alertHint(certificate.Alert(err))
	case errors.As(err, &dns) && strings.HasPrefix(at.host, "api-xxxx"):
		return "duo.host is still the placeholder: set it to the API hostname of your Admin API application (Duo Admin Panel, Applications)"
	case errors.As(err, &dns):
		return "the name " + dns.Name + " cannot be resolved: check duo.host (or the proxy's name), and DNS"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing accepts connections at " + at.address + ": check duo.host, the firewall, and whether a proxy is needed (duo.proxy_url)"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Sprintf("no answer within %s: check the network and the firewall to %s, or whether a proxy is needed (duo.proxy_url)",
			at.timeout, at.address)
	}
	return "check the network to " + at.address + ", and whether a proxy is needed (duo.proxy_url)"
}

// alertHint is the advice about what answers and ends the TLS handshake. It is not Duo, which
// speaks TLS 1.2 and later, and asks for no certificate.
func (at *endpoint) alertHint(alert string) string {
	const through = ": check duo.host, or have the proxy that inspects TLS on the way let this machine through to "
	switch {
	case at.askedForCertificate.Load():
		return "what answers wants a client certificate, which Duo does not" + through + at.address
	case alert == "protocol version not supported":
		return "what answers does not speak TLS 1.2, as Duo does" + through + at.address
	case alert == "handshake failure":
		return "what answers has no TLS 1.2 with ECDHE key exchange, as Duo has" + through + at.address
	}
	return "what answers ends the TLS connection (" + alert + ")" + through + at.address
}
