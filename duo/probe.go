package duo

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// MaxSkew is how far clocks may be apart before Duo refuses a signature
// (401/40105; https://duo.com/docs/adminapi, Authentication).
const MaxSkew = maxSkew

// Proxy tells through which proxy Duo is called, as scheme://host:port, or "" for
// none. A user and a password are left out.
func (c *Client) Proxy() string {
	transport, ok := c.http.Transport.(*http.Transport)
	if !ok || transport.Proxy == nil {
		return ""
	}
	proxy, err := transport.Proxy(&http.Request{URL: &url.URL{Scheme: "https", Host: c.address}})
	if err != nil || proxy == nil {
		return ""
	}
	return proxy.Scheme + "://" + proxy.Host
}

// WrongApplication reports whether err is Duo's answer to keys of another kind of
// application, such as Auth API (403/40301, "Wrong integration type").
func WrongApplication(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.wrongApplication()
}

func (e *Error) wrongApplication() bool {
	return e.Kind == ErrForbidden && strings.Contains(strings.ToLower(e.Message+" "+e.Detail), "wrong integration type")
}
