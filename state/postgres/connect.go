package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"

	"duosync/state/dsn"
	"duosync/sync/secrets"
)

// deadAfter is when a connection whose other end answers no more counts as dead.
const deadAfter = 30 * time.Second

// login is how to get to a state.
type login struct {
	name   string // of the state in messages, see nameOf
	hidden secrets.Hider
	config *pgx.ConnConfig
}

// loginAt is the way to the server that state.dsn names.
func loginAt(at *dsn.Server) (*login, error) {
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
	return &login{name: nameOf(config), hidden: secrets.New(append(at.Passwords(), config.Password)...), config: config}, nil
}

func (l *login) String() string { return l.name }

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
				failed = giveUpAfter(int(fd), deadAfter)
			})
			return errors.Join(err, failed)
		},
	}
}

// pool gives a pool of connections with the settings that a state needs, and
// these. Nothing is opened yet.
func (l *login) pool(settings map[string]string) *sqlx.DB {
	connector := stdlib.GetConnector(*l.config, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		return l.prepare(ctx, conn, settings)
	}))
	pool := sqlx.NewDb(sql.OpenDB(connector), "pgx")
	pool.SetMaxIdleConns(2)
	return pool
}

// prepare makes the settings of a connection. What the server does not know is
// left out, and what state.dsn sets stays, but that each commit is on disk when it
// returns is not for choice.
func (l *login) prepare(ctx context.Context, conn *pgx.Conn, settings map[string]string) error {
	all := map[string]string{
		"synchronous_commit":                  "on", // where it is off; the other choices are on disk, too
		"default_transaction_isolation":       "read committed",
		"idle_in_transaction_session_timeout": "60s", // a frozen holder loses its transaction
		"lock_timeout":                        deadAfter.String(),
		// The server, too, finds out that this host is gone.
		"tcp_keepalives_idle":     "10",
		"tcp_keepalives_interval": "5",
		"tcp_keepalives_count":    "4",
		"tcp_user_timeout":        deadAfter.String(),
		// Also while it is busy for us.
		"client_connection_check_interval": "10s",
	}
	for name, value := range settings {
		all[name] = value
	}
	var names, values []string
	for name, value := range all {
		if _, given := l.config.RuntimeParams[name]; !given || name == "synchronous_commit" {
			names, values = append(names, name), append(values, value)
		}
	}
	_, err := conn.Exec(ctx, `
		SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS wanted (name, value)
		WHERE current_setting(name, true) IS NOT NULL AND (name <> 'synchronous_commit' OR current_setting(name) = 'off')
			AND (name <> 'client_connection_check_interval' OR version() LIKE '%linux%') -- other systems may refuse it`, names, values)
	return err
}

// dial makes a single connection.
func (l *login) dial(ctx context.Context, settings map[string]string) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, l.config)
	if err != nil {
		return nil, err
	}
	if err := l.prepare(ctx, conn, settings); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn, nil
}

// nameOf names the state in messages: a URL without the password.
func nameOf(config *pgx.ConnConfig) string {
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
