package config

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	dirsync "duosync/sync"
)

// mostInFlight is how many calls at once may be asked for: more of them only wait.
const mostInFlight = 16

func (v *validator) validateDuo(d *Duo) {
	const where = "it stands in Duo's Admin Panel under Applications, on the page of your Admin API application"
	if d.Host == "" {
		v.Check("duo.host", dirsync.WithHint(errors.New("is missing"), where+", as API hostname"))
	} else {
		v.Check("duo.host", checkDuoHost(d.Host))
	}
	if d.IntegrationKey == "" {
		v.Check("duo.integration_key", dirsync.WithHint(errors.New("is missing"), where))
	}
	if d.SecretKey.IsEmpty() {
		v.Check("duo.secret_key", dirsync.WithHint(errors.New("is missing"), where+"; give it here, or in secret_key_file"))
	}
	v.Check("duo.integration_key", checkIntegrationKey(d.IntegrationKey))
	v.Check("duo.secret_key", checkSecretKey(d.SecretKey))
	v.Check("duo.proxy_url", checkProxyURL(d.ProxyURL.Reveal()))
	if d.MaxInFlight < 1 || d.MaxInFlight > mostInFlight {
		v.Check("duo.max_in_flight", dirsync.WithHint(fmt.Errorf("must be from 1 to %d", mostInFlight), "4 is the default"))
	}

	switch {
	case d.Auth.IntegrationKey == "" && !d.Auth.SecretKey.IsEmpty():
		v.Missing("duo.auth.integration_key", "duo.auth.secret_key", "it stands on the page of your Auth API application")
	case d.Auth.IntegrationKey != "" && d.Auth.SecretKey.IsEmpty():
		v.Missing("duo.auth.secret_key", "duo.auth.integration_key", "give it here, or in secret_key_file")
	}
	v.Check("duo.auth.integration_key", checkIntegrationKey(d.Auth.IntegrationKey))
	v.Check("duo.auth.secret_key", checkSecretKey(d.Auth.SecretKey))
}

// What stands in the place of the API hostname, when it is copied from a browser.
var (
	apiInURL  = regexp.MustCompile(`(?i)^(?:https?://)?(api-[0-9a-z]+\.(?:duosecurity|duofederal)\.com)(?:[/:].*)?$`)
	panelHost = regexp.MustCompile(`^(?i:https?://)?(?i:admin(-[0-9a-z]+)?\.(duosecurity|duofederal)\.com)([/:].*)?$`)
	otherHost = regexp.MustCompile(`^(?i:https?://)?(?i:([0-9a-z-]+\.)*(duosecurity|duofederal|duo)\.com)([/:].*)?$`)
	bareAPI   = regexp.MustCompile(`^(?i:api-[0-9a-z]{8})$`)
)

// checkDuoHost checks the host whose API is called. One that is not Duo's may be a
// simulator, or a way to Duo.
func checkDuoHost(text string) error {
	const where = "take the API hostname from the page of your Admin API application (Duo Admin Panel, Applications): api-xxxxxxxx.duosecurity.com"
	api := apiInURL.FindStringSubmatch(text)
	switch {
	case panelHost.MatchString(text):
		return dirsync.WithHint(errors.New("is the address of Duo's Admin Panel, not that of the API"), where)
	case bareAPI.MatchString(text):
		return dirsync.WithHint(errors.New("is half of a name"), "write "+text+".duosecurity.com")
	case api == nil && otherHost.MatchString(text):
		return dirsync.WithHint(errors.New("is a site of Duo's, not the API"), where)
	}
	err := checkHost(text)
	if err != nil && api != nil {
		return dirsync.WithHint(errors.New(err.Error()), "write "+strings.ToLower(api[1]))
	}
	return err
}

func checkProxyURL(text string) error {
	const hint = "such as http://proxy.example.org:3128"
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	at := strings.LastIndexByte(text, '@')
	if _, login, _ := strings.Cut(text[:max(at, 0)], "://"); at > 0 && (err != nil || strings.ContainsAny(login, `/?#`)) {
		return dirsync.WithHint(errors.New("is not the URL of a proxy, for a character in its user or password"),
			`write %23 for #, %5C for \, %40 for @, %2F for /, %3F for ?, %25 for % and %20 for a blank`)
	}
	if err != nil || u.Host == "" {
		return dirsync.WithHint(errors.New("is not the URL of a proxy"), hint)
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
		return nil
	}
	return dirsync.WithHint(errors.New("must start with http://, https:// or socks5://"), hint)
}

var (
	duoKey       = regexp.MustCompile(`^[!-9;-~]+$`) // an HTTP Basic user or password: ASCII, no blank, no colon
	likeSecret   = regexp.MustCompile(`^[A-Za-z0-9]{40}$`)
	likeIntegKey = regexp.MustCompile(`^DI[A-Z0-9]{18}$`)
)

// checkIntegrationKey catches what is surely no integration key. Duo documents
// no form for it; its samples have 20 characters and start with DI.
func checkIntegrationKey(text string) error {
	switch {
	case likeSecret.MatchString(text):
		return dirsync.WithHint(errors.New("looks like a secret key, by its 40 characters"), "swap integration_key and secret_key; if this file was shown to anyone, reset the secret key")
	case text != "" && !duoKey.MatchString(text):
		return dirsync.WithHint(errors.New("holds a character that no key has"), "copy it anew from Duo's Admin Panel, without blanks")
	}
	return nil
}

func checkSecretKey(s Secret) error {
	switch text := s.Reveal(); {
	case likeIntegKey.MatchString(text):
		return dirsync.WithHint(errors.New("looks like an integration key, since it starts with DI"), "swap integration_key and secret_key")
	case text != "" && !duoKey.MatchString(text):
		return dirsync.WithHint(errors.New("holds a character that no key has"), "copy it anew from Duo's Admin Panel, without blanks")
	}
	return nil
}
