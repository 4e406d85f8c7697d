package api

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"duosync/duo/api/proxy"
	"duosync/duo/callrate"
	dirsync "duosync/sync"
	"duosync/sync/certificate"
	"duosync/sync/secrets"
)

// Options say which Duo account is called, and how.
type Options struct {
	// Host is the API host, api-xxxxxxxx.duosecurity.com; a port may follow.
	// It is called over TLS 1.2 or later, always.
	Host string
	// IntegrationKey and SecretKey are those of an Admin API application.
	IntegrationKey string
	SecretKey      string
	// Confidential are further secrets that no error shows: those of another application
	// of the same Duo.
	Confidential []string
	// Signature is the version of the signature, 5 (default) or 2.
	Signature int
	// RootCAs are the authorities to trust, or CAFile a PEM file of them; with
	// neither it is the system's.
	RootCAs *x509.CertPool
	CAFile  string
	// ProxyURL is the proxy to use; without it the usual environment variables
	// decide. It may hold a password, which no error shows.
	ProxyURL string
	// Timeout bounds one attempt of one call; 30s by default.
	Timeout time.Duration
	// Rate bounds how often Duo is called.
	Rate callrate.Rate
	// Version is duosync's own, for the User-Agent header.
	Version string
	// Log gets one debug line a call: method, path, status, milliseconds.
	Log *logrus.Logger

	// Now and Sleep replace the clock in tests. Sleep must end early with ctx,
	// and Now must move on with it.
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
}

const defaultTimeout = 30 * time.Second

// New checks the options and returns a client. It makes no call.
func New(o Options) (*Client, error) {
	address, host, err := splitHost(o.Host)
	if err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	o.complete()
	askedForCertificate := &atomic.Bool{}
	transport, route, err := o.transport(address, askedForCertificate)
	if err != nil {
		return nil, err
	}
	apart := transport.Clone()
	apart.DisableKeepAlives = true
	return &Client{line: &line{
		at:     endpoint{address: address, host: host, timeout: o.Timeout, ownCA: o.CAFile != "", route: route, askedForCertificate: askedForCertificate},
		signer: signer{version: o.Signature, integration: o.IntegrationKey, secret: o.SecretKey},
		agent:  "duosync/" + o.Version,
		hidden: secrets.New(slices.Concat(o.Confidential, []string{o.SecretKey, route.Password()})...),
		log:    o.Log,
		now:    o.Now,
		sleep:  o.Sleep,
		pace:   newPacer(o.Rate, o.Now, o.Sleep),
		http:   httpClient(transport),
		apart:  httpClient(apart),
	}}, nil
}

// httpClient follows no redirect.
func httpClient(transport *http.Transport) *http.Client {
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// check says what is wrong with the keys or the signature, or nil.
func (o *Options) check() error {
	if o.IntegrationKey == "" || o.SecretKey == "" {
		return dirsync.WithHint(errors.New("the keys of the Duo application are missing"),
			"set duo.integration_key and duo.secret_key (Duo Admin Panel, Applications, Admin API)")
	}
	if strings.ContainsFunc(o.IntegrationKey+o.SecretKey, func(r rune) bool { return r <= ' ' || r > '~' || r == ':' }) {
		return dirsync.WithHint(errors.New("a key of the Duo application has a character that no key has"),
			"copy duo.integration_key and duo.secret_key anew, without blanks or quotes")
	}
	switch o.Signature {
	case 0, signatureForm, signatureJSON:
		return nil
	}
	return dirsync.WithHint(fmt.Errorf("signature version %d is not known", o.Signature), "set duo.signature to 5 or 2")
}

// complete puts the defaults in the place of what is not set.
func (o *Options) complete() {
	if o.Signature == 0 {
		o.Signature = signatureJSON
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Log == nil {
		silent := logrus.New()
		silent.SetOutput(io.Discard)
		o.Log = silent
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
}

// splitHost returns what to dial and what to sign.
func splitHost(text string) (address, host string, err error) {
	const advice = "set duo.host to the API hostname alone, such as api-xxxxxxxx.duosecurity.com (Duo Admin Panel, Applications)"
	if text == "" {
		return "", "", dirsync.WithHint(errors.New("the Duo host is missing"), advice)
	}
	address = strings.ToLower(text)
	u, err := url.Parse("https://" + address)
	if err != nil || u.Host != address || u.Hostname() == "" || strings.HasSuffix(address, ":") {
		return "", "", dirsync.WithHint(fmt.Errorf("%q is not a host name", Tidy(text)), advice)
	}
	return address, u.Hostname(), nil
}

// transport returns the HTTP transport and the way that it takes.
func (o *Options) transport(address string, asked *atomic.Bool) (*http.Transport, *proxy.Route, error) {
	roots := o.RootCAs
	if o.CAFile != "" {
		data, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, nil, dirsync.WithHint(fmt.Errorf("reading the CA file: %w", err), "check duo.ca_file")
		}
		if roots, err = certificate.Authorities(o.CAFile, data); err != nil {
			return nil, nil, fmt.Errorf("duo.ca_file: %w", err)
		}
	}
	route, err := proxy.NewRoute(o.ProxyURL, address)
	if err != nil {
		return nil, nil, err
	}
	return &http.Transport{
		Proxy:                  route.Choose,
		OnProxyConnectResponse: route.Answered,
		DialContext:            (&net.Dialer{Timeout: o.Timeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			asked.Store(true)
			return &tls.Certificate{}, nil // none
		}},
		TLSHandshakeTimeout: o.Timeout,
		IdleConnTimeout:     60 * time.Second,
		MaxIdleConnsPerHost: 4,
	}, route, nil
}
