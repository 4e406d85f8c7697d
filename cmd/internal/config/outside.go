package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"

	dirsync "duosync/sync"
)

// The checks in this file don't quote what they check, either: tokens and the
// URLs of heartbeats are secrets.

func (r *reader) validateHTTP(h *HTTP) {
	if h.Listen != "" {
		r.check("http.listen", checkListen(h.Listen))
	}
	if h.Listen != "" && h.Token.IsEmpty() && !r.broken("http.listen") && !r.broken("http.token") {
		if host, _, err := net.SplitHostPort(h.Listen); err == nil && !isLoopback(host) {
			r.check("http.listen", dirsync.WithHint(errors.New("can be reached from other machines, so http.token must be given"),
				"give one, or listen on 127.0.0.1"))
		}
	}
	if !h.Token.IsEmpty() && !printable.MatchString(h.Token.Reveal()) {
		r.check("http.token", dirsync.WithHint(errors.New("holds a character that can't be sent as a Bearer token"), "use letters and digits"))
	}
	switch {
	case h.TLSCertFile != "" && h.TLSKeyFile == "":
		r.missing("http.tls_key_file", "http.tls_cert_file", "give the PEM file of its key")
	case h.TLSCertFile == "" && h.TLSKeyFile != "":
		r.missing("http.tls_cert_file", "http.tls_key_file", "give the PEM file of the certificate")
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

func (r *reader) validateNotify(n *Notify) {
	r.check("notify.heartbeat_url", checkWebURL(n.HeartbeatURL.Reveal()))
	if n.Textfile != "" && filepath.Ext(n.Textfile) != ".prom" && !r.broken("notify.textfile") {
		r.warnings = append(r.warnings, fmt.Sprintf("notify.textfile: node-exporter reads only files whose name ends in .prom, not %s", filepath.Base(n.Textfile)))
	}
}

func checkWebURL(text string) error {
	const hint = "such as https://hc-ping.com/your-uuid"
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return dirsync.WithHint(errors.New("must be a URL that starts with http:// or https://"), hint)
	}
	return nil
}
