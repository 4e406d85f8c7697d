package config

import (
	"errors"
	"net"
	"regexp"

	dirsync "duosync/sync"
)

// The checks in this file don't quote what they check: tokens are secrets.

func (v *validator) validateHTTP(h *HTTP) {
	if h.Listen != "" {
		v.Check("http.listen", checkListen(h.Listen))
	}
	if h.Listen != "" && h.Token.IsEmpty() && !v.Broken("http.listen") && !v.Broken("http.token") {
		if host, _, err := net.SplitHostPort(h.Listen); err == nil && !IsLoopback(host) {
			v.Check("http.listen", dirsync.WithHint(errors.New("can be reached from other machines, so http.token must be given"),
				"give one, or listen on 127.0.0.1"))
		}
	}
	if !h.Token.IsEmpty() && !printable.MatchString(h.Token.Reveal()) {
		v.Check("http.token", dirsync.WithHint(errors.New("holds a character that can't be sent as a Bearer token"), "use letters and digits"))
	}
	switch {
	case h.TLSCertFile != "" && h.TLSKeyFile == "":
		v.Missing("http.tls_key_file", "http.tls_cert_file", "give the PEM file of its key")
	case h.TLSCertFile == "" && h.TLSKeyFile != "":
		v.Missing("http.tls_cert_file", "http.tls_key_file", "give the PEM file of the certificate")
	}
}

// printable is what RFC 6750 lets a Bearer token be made of, and a bit more.
var printable = regexp.MustCompile(`^[!-~]+$`)

// checkListen checks host:port; the host may be left out, and port 0 picks one.
func checkListen(text string) error {
	const hint = "such as 127.0.0.1:9377, or :9377 for all addresses"
	host, port, err := net.SplitHostPort(text)
	if err != nil || port != "0" && !validPort(port) {
		return dirsync.WithHint(errors.New("must be host:port, the port between 0 and 65535"), hint)
	}
	if host != "" && net.ParseIP(host) == nil && !hostname.MatchString(host) {
		return dirsync.WithHint(errors.New("must begin with an address or name of this machine"), hint)
	}
	return nil
}
