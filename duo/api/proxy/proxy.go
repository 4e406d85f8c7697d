// Package proxy chooses the proxy to Duo, and tells what one that refuses wants.
package proxy

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	dirsync "duosync/sync"
)

// chosen gives how a proxy is chosen, and the password for it.
func chosen(text, address string) (choose func(*http.Request) (*url.URL, error), password string, err error) {
	if text != "" {
		u, err := parse(text)
		if err != nil {
			return nil, "", dirsync.WithHint(err, "set duo.proxy_url to a URL such as http://proxy.example.com:3128")
		}
		return http.ProxyURL(u), passwordOf(u.User), nil
	}
	if err := checkEnvironment(); err != nil {
		return nil, "", err
	}
	u, err := http.ProxyFromEnvironment(&http.Request{URL: &url.URL{Scheme: "https", Host: address}})
	if err != nil || u == nil {
		return http.ProxyFromEnvironment, "", nil //nolint:nilerr // its text holds the URL, which was looked at
	}
	return http.ProxyFromEnvironment, passwordOf(u.User), nil
}

// variables are those that net/http looks at for https, in its order.
func variables() []string { return []string{"HTTPS_PROXY", "https_proxy"} }

// checkEnvironment tells of a proxy in the environment that is no URL. net/http takes
// such a one for none, and calls go out directly.
func checkEnvironment() error {
	for _, name := range variables() {
		text := os.Getenv(name)
		if text == "" {
			continue
		}
		if !strings.Contains(text, "://") {
			text = "http://" + text
		}
		if _, err := parse(text); err != nil {
			if dirsync.Hint(err) != "" {
				return fmt.Errorf("%s in the environment: %w", name, err)
			}
			return dirsync.WithHint(fmt.Errorf("%s in the environment: %w", name, err),
				"set "+name+" to a URL such as http://proxy.example.com:3128, or unset it where Duo is reached directly")
		}
		return nil
	}
	return nil
}

// parse reads the URL of a proxy. Its errors don't repeat it.
func parse(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if _, login, _ := strings.Cut(text, "://"); strings.Contains(login, "@") {
		login = login[:strings.LastIndexByte(login, '@')]
		// What is no part of a user or a password (RFC 3986, 3.2.1), and ends them or the host.
		if strings.ContainsAny(login, `#/?\ `) || !validEscapes(login) {
			return nil, dirsync.WithHint(errors.New("the proxy's URL has a character in the user or the password that ends them there"),
				`write %23 for #, %5C for \, %40 for @, %2F for /, %3F for ?, %25 for % and %20 for a blank`)
		}
	}
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("the proxy is not a URL")
	}
	if port, err := strconv.Atoi(u.Port()); u.Port() != "" && (err != nil || port < 1 || port > 65535) {
		return nil, errors.New("the proxy's URL has a port that is none")
	}
	if !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
		return nil, errors.New("the proxy's URL has a scheme that is not known")
	}
	return u, nil
}

// validEscapes reports whether each % begins an escape.
func validEscapes(text string) bool {
	_, err := url.PathUnescape(text)
	return err == nil
}

// setting names where the proxy comes from.
func setting(configured string) string {
	if configured != "" {
		return "duo.proxy_url"
	}
	for _, name := range variables() {
		if os.Getenv(name) != "" {
			return name
		}
	}
	return "duo.proxy_url"
}

// passwordOf gives the password for a proxy, which may be a user without one.
func passwordOf(user *url.Userinfo) string {
	password, _ := user.Password()
	return cmp.Or(password, user.Username())
}

// Error is a proxy that does not connect to Duo (RFC 9110, 9.3.6).
type Error struct {
	status int
	words  string // its own for that
	// schemes are the ways to log in that it offers, in the order in which it does; sent tells
	// that a user and a password went to it.
	schemes []string
	sent    bool
}

// refused gives the Error of an answer to CONNECT, nil where the proxy connects.
func refused(proxy *url.URL, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	_, words, _ := strings.Cut(answer.Status, " ")
	e := &Error{status: answer.StatusCode, words: words, sent: proxy.User != nil}
	for _, challenge := range answer.Header.Values("Proxy-Authenticate") {
		if scheme, _, _ := strings.Cut(strings.TrimSpace(challenge), " "); scheme != "" && len(e.schemes) < 4 {
			e.schemes = append(e.schemes, scheme)
		}
	}
	return e
}

// Error says what the proxy answered.
func (e *Error) Error() string {
	text := fmt.Sprintf("the proxy refuses to connect: %d", e.status)
	if words := cmp.Or(e.words, http.StatusText(e.status)); words != "" {
		text += " " + words
	}
	if len(e.schemes) > 0 {
		text += ", it offers " + strings.Join(e.schemes, ", ")
	}
	return text
}

func (e *Error) offersBasic() bool {
	return len(e.schemes) == 0 || slices.ContainsFunc(e.schemes, func(scheme string) bool { return strings.EqualFold(scheme, "Basic") })
}

// hint says what the admin can do about a proxy that is named by a setting.
func (e *Error) hint(setting, address string) string {
	switch {
	case e.status == http.StatusProxyAuthRequired && !e.offersBasic():
		return "the proxy takes no password as duosync sends one (Basic): have it let this machine through to " + address +
			" without a login, or run a relay that logs in there, such as cntlm, and set duo.proxy_url to that"
	case e.status == http.StatusProxyAuthRequired && e.sent:
		return "the proxy does not take the user and the password in " + setting + ": correct them"
	case e.status == http.StatusProxyAuthRequired:
		return "the proxy wants a user and a password: put them into " + setting
	case e.status == http.StatusForbidden:
		return "the proxy forbids it: have connections to " + address + " allowed there for this machine"
	case e.status >= http.StatusInternalServerError && e.status != http.StatusNotImplemented:
		return "the proxy does not get through to " + address + ": look into its log, and check duo.host"
	}
	return "what answers there is no proxy for HTTPS (CONNECT): check " + setting
}

// closed reports whether the proxy would answer every further call in the same way, and
// count a wrong password once more.
func (e *Error) closed() bool {
	return e.status == http.StatusProxyAuthRequired || e.status == http.StatusForbidden
}

// refusedBySocks reports whether a SOCKS proxy did not take the login.
func refusedBySocks(err error) bool {
	text := err.Error()
	return strings.Contains(text, "socks connect") && (strings.Contains(text, "username/password") || strings.Contains(text, "authentication"))
}
