package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	dirsync "duosync/sync"
)

// CheckWrite proves the right to write by a call that Duo must refuse: a new
// user without a username. nil means that it was refused for just that.
func (c *Client) CheckWrite(ctx context.Context) error {
	_, err := c.do(ctx, request{
		method: http.MethodPost, path: usersPath, once: true, apart: true,
		params: map[string]string{dirsync.FieldNotes: "duosync check"},
	})
	switch {
	case errors.Is(err, ErrInvalid):
		return nil
	case err == nil:
		return c.Stray(http.MethodPost+" "+usersPath, "Duo accepted a user without a username")
	}
	return err
}

// Proxy tells through which proxy Duo is called, as scheme://host:port, or "" for
// none. A user and a password are left out.
func (c *Client) Proxy() string {
	transport, ok := c.http.Transport.(*http.Transport)
	if !ok || transport.Proxy == nil {
		return ""
	}
	proxy, err := transport.Proxy(&http.Request{URL: &url.URL{Scheme: "https", Host: c.at.address}})
	if err != nil || proxy == nil {
		return ""
	}
	return proxy.Scheme + "://" + proxy.Host
}
