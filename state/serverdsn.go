package state

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"

	"duosync/state/dsn"
)

// configOf is how to connect to the server that state.dsn names.
func configOf(at *dsn.Server) (*pgx.ConnConfig, error) {
	config, err := at.Config()
	if err != nil {
		return nil, err
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 10 * time.Second
	}
	config.DialFunc = dialer().DialContext
	if _, set := config.RuntimeParams["application_name"]; !set {
		config.RuntimeParams["application_name"] = "duosync"
	}
	return config, nil
}

// deadAfter is when a connection whose other end answers no more counts as dead.
const deadAfter = 30 * time.Second

// dialer makes connections that end when the server's host is gone.
func dialer() *net.Dialer {
	return &net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 4},
		Control: func(network, _ string, c syscall.RawConn) error {
			if !strings.HasPrefix(network, "tcp") {
				return nil
			}
			var failed error
			err := c.Control(func(fd uintptr) {
				failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(deadAfter.Milliseconds()))
			})
			return errors.Join(err, failed)
		},
	}
}

// serverName names the state in messages: a URL without the password.
func serverName(config *pgx.ConnConfig) string {
	u := url.URL{Scheme: "postgres", User: url.User(config.User), Path: "/" + cmp.Or(config.Database, config.User)}
	if filepath.IsAbs(config.Host) {
		u.RawQuery = "host=" + config.Host
	} else {
		u.Host = net.JoinHostPort(config.Host, fmt.Sprint(config.Port))
	}
	if path := config.RuntimeParams["search_path"]; path != "" {
		u.RawQuery = strings.TrimPrefix(u.RawQuery+"&search_path="+url.QueryEscape(path), "&")
	}
	return u.String()
}
