package cli

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// lockedBuffer is written to while it is read.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// proxy is an HTTP proxy that wants a password.
type proxy struct {
	address string
	let     atomic.Int32 // connections
	loud    atomic.Bool  // it says what it was sent
}

func (p *proxy) url(password string) string {
	return (&url.URL{Scheme: "http", User: url.UserPassword("duosync", password), Host: p.address}).String()
}

func startProxy(t *testing.T) *proxy {
	t.Helper()
	p := &proxy{}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.address = strings.TrimPrefix(server.URL, "http://")
	return p
}

// ServeHTTP implements http.Handler.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	client, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = client.Close() }()
	given := strings.TrimPrefix(r.Header.Get("Proxy-Authorization"), "Basic ")
	plain, _ := base64.StdEncoding.DecodeString(given) // "" is a wrong password as well
	_, password, _ := strings.Cut(string(plain), ":")
	if password != plantedProxy {
		reason := "Proxy Authentication Required"
		if p.loud.Load() {
			reason = fmt.Sprintf("you said %s, that is %s or %s", given, password, url.QueryEscape(password))
		}
		_, _ = fmt.Fprintf(client, "HTTP/1.1 407 %s\r\nContent-Length: 0\r\n\r\n", reason)
		return
	}
	server, err := new(net.Dialer).DialContext(context.WithoutCancel(r.Context()), "tcp", r.Host)
	if err != nil {
		_, _ = io.WriteString(client, "HTTP/1.1 502 Bad Gateway\r\n\r\n")
		return
	}
	defer func() { _ = server.Close() }()
	p.let.Add(1)
	_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
	_, _ = io.Copy(client, server)
}
