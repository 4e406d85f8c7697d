package api_test

import (
	"fmt"
	"testing"

	"duosync/duo/api"
)

func TestProxyIsNamedWithoutItsPassword(t *testing.T) {
	for _, test := range []struct{ url, want string }{
		{"http://user:planted@proxy.example.com:3128", "http://proxy.example.com:3128"},
		{"socks5://proxy.example.com:1080", "socks5://proxy.example.com:1080"},
	} {
		client, err := api.New(api.Options{Host: "api-1.duosecurity.com", IntegrationKey: "DI", SecretKey: "s", ProxyURL: test.url})
		if err != nil {
			t.Fatal(err)
		}
		if got := client.Proxy(); got != test.want {
			t.Errorf("proxy %q, want %q", got, test.want)
		}
	}
}

func TestWrongApplication(t *testing.T) {
	wrong := &api.Error{Kind: api.ErrForbidden, HTTP: 403, Code: 40301, Message: "Access forbidden", Detail: "Wrong integration type for this API."}
	for _, test := range []struct {
		err  error
		want bool
	}{
		{fmt.Errorf("counting: %w", wrong), true},
		{&api.Error{Kind: api.ErrForbidden, HTTP: 403, Code: 40301, Message: "Access forbidden"}, false},
		{&api.Error{Kind: api.ErrUnauthorized, HTTP: 401, Message: "wrong integration type"}, false},
		{nil, false},
	} {
		if got := api.WrongApplication(test.err); got != test.want {
			t.Errorf("%v: %v, want %v", test.err, got, test.want)
		}
	}
}
