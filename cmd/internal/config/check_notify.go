package config

import (
	"errors"
	"net/mail"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"duosync/cmd/internal/config/strict"
	dirsync "duosync/sync"
)

// The checks in this file don't quote URLs: whoever knows one can use it.

func (v *validator) validateNotify(n *Notify) {
	const heartbeat = "such as https://hc-ping.com/your-uuid"
	v.Check("notify.heartbeat_url", checkWebURL(n.HeartbeatURL.Reveal(), heartbeat))
	if n.Textfile != "" && filepath.Ext(n.Textfile) != ".prom" && !v.Broken("notify.textfile") {
		v.Warn("notify.textfile: node-exporter reads only files whose name ends in .prom, not %s", filepath.Base(n.Textfile))
	}
	v.Check("notify.webhook_url", checkWebhook(n.WebhookURL.Reveal()))
	v.Check("notify.public_url", checkPublicURL(n.PublicURL))
	v.validateEmail(&n.Email)
	channel := !n.WebhookURL.IsEmpty() || !n.Email.SMTPURL.IsEmpty()
	switch {
	case channel && len(n.On) == 0 && !v.Broken("notify.on"):
		v.Warn("notify.on: nothing is worth a message, so nobody is told anything; write what is, such as [failure, held, conflict]")
	case !channel && v.Written("notify.on") && !v.Broken("notify") && !slices.Equal(n.On, Default().Notify.On):
		v.Warn("notify.on: there is nobody to tell; give notify.webhook_url or notify.email")
	}
}

// checkWebURL checks a URL of the web; such is an example of one.
func checkWebURL(text, such string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return dirsync.WithHint(errors.New("must be a URL that starts with http:// or https://"), such)
	}
	if port := u.Port(); port != "" && !validPort(port) {
		return dirsync.WithHint(errors.New("has a port that is none"), such)
	}
	return nil
}

func checkWebhook(text string) error {
	const such = "such as https://hooks.slack.com/services/…, as the receiver shows it"
	if err := checkWebURL(text, such); err != nil || text == "" {
		return err
	}
	if u, err := url.Parse(text); err == nil && u.Scheme != "https" && !IsLoopback(u.Hostname()) {
		return dirsync.WithHint(errors.New("would send the names of people over an unencrypted connection"), "use https://; http:// is for this machine only")
	}
	return nil
}

func checkPublicURL(text string) error {
	const such = "such as https://duosync.example.org, where the reverse proxy before http.listen answers"
	if err := checkWebURL(text, such); err != nil || text == "" {
		return err
	}
	switch u, err := url.Parse(text); {
	case err != nil:
	case u.User != nil:
		return dirsync.WithHint(errors.New("must have no user and no password: it stands in messages"), such)
	case u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(text, "?#"):
		return dirsync.WithHint(errors.New("must end before ? and #: pages are named behind it"), such)
	}
	return nil
}

// validateEmail checks the section as a whole: one key of it calls for the others.
func (v *validator) validateEmail(e *Email) {
	const section = "notify.email."
	given := map[string]bool{"smtp_url": !e.SMTPURL.IsEmpty(), "from": e.From != "", "to": len(e.To) > 0}
	for _, key := range []struct{ name, hint string }{
		{"smtp_url", "such as smtp://mail.example.org:587"},
		{"from", "such as duosync@example.org"},
		{"to", "such as [identity-team@example.org]"},
	} {
		for _, other := range []string{"smtp_url", "from", "to"} {
			if !given[key.name] && given[other] {
				v.Missing(section+key.name, section+other, key.hint)
				break
			}
		}
	}
	v.Check(section+"smtp_url", checkSMTP(e.SMTPURL.Reveal()))
	if e.From != "" {
		v.Check(section+"from", checkAddress(e.From))
	}
	for i, to := range e.To {
		v.Check(strict.Item(section+"to", i), checkAddress(to))
	}
}

// escaped matches what stands for a character in a URL.
var escaped = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

func checkSMTP(text string) error {
	const such = "such as smtp://user:password@mail.example.org:587, or smtps://mail.example.org for TLS from the start"
	if text == "" {
		return nil
	}
	// What is no part of a user or a password ends them, and the host is another then.
	if _, login, _ := strings.Cut(text, "://"); strings.Contains(login, "@") && strings.ContainsAny(login[:strings.LastIndexByte(login, '@')], `#/?\ @`) {
		return dirsync.WithHint(errors.New("has a character in the user or the password that ends them there"),
			`write %40 for @, %23 for #, %2F for /, %3F for ?, %5C for \, %25 for % and %20 for a blank`)
	}
	if strings.Contains(escaped.ReplaceAllString(text, ""), "%") {
		return dirsync.WithHint(errors.New("has a % that two hex digits do not follow"), "write %25 for a % in the user or the password")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Opaque != "":
		return dirsync.WithHint(errors.New("must be a URL that starts with smtp:// or smtps://"), such)
	case u.Hostname() == "":
		return dirsync.WithHint(errors.New("names no server"), such)
	case u.Port() != "" && !validPort(u.Port()):
		return dirsync.WithHint(errors.New("has a port that is none"), such)
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return dirsync.WithHint(errors.New("must end behind the port"), such)
	}
	if u.User != nil {
		if password, set := u.User.Password(); u.User.Username() == "" || !set || password == "" {
			return dirsync.WithHint(errors.New("has a user without a password, or a password without a user"), such)
		}
	}
	return nil
}

func checkAddress(text string) error {
	const such = `such as duosync@example.org, or "duosync <duosync@example.org>"`
	address, err := mail.ParseAddress(text)
	if err != nil || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return dirsync.WithHint(errors.New("must be one mail address"), such)
	}
	if strings.ContainsFunc(address.Address, func(r rune) bool { return r > 0x7e }) {
		return dirsync.WithHint(errors.New("must be an address of ASCII letters"), "write the domain as DNS has it, such as xn--mller-kva.example")
	}
	return nil
}
