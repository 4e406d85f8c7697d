package postgres

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	dirsync "duosync/sync"
)

// cleaned is an error whose text is in one line and names no secret.
type cleaned struct {
	text string
	err  error
}

func (e *cleaned) Error() string { return e.text }
func (e *cleaned) Unwrap() error { return e.err }

func (l *login) Explain(err error) error { return dirsync.WithHint(l.clean(err), l.advice(err)) }

func (l *login) clean(err error) error {
	return &cleaned{text: l.hidden.Line(err.Error(), 0), err: err}
}

// advice says what the administrator can do about an error of PostgreSQL or of the
// way to it. An error that brings its own advice keeps it.
func (l *login) advice(err error) string {
	if hint := dirsync.Hint(err); hint != "" {
		return hint
	}
	if answer := (*pgconn.PgError)(nil); errors.As(err, &answer) {
		return l.adviceFor(answer)
	}
	var noConnection *pgconn.ConnectError
	switch connecting := errors.As(err, &noConnection); {
	case isTLS(err):
		return "set sslmode in state.dsn to what the server offers, sslrootcert to its authority's certificate, and the host to the name in its certificate"
	case connecting && errors.Is(err, context.Canceled):
		return ""
	case connecting:
		return "check that the PostgreSQL server runs, and the host and port in state.dsn; a dry run needs it, too"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return ""
	case isLost(err):
		return "the connection to the PostgreSQL server was lost: run again; what may have been sent is written down, and settled by the next run"
	}
	return ""
}

// adviceFor goes by the server's code (PostgreSQL's manual, appendix A).
func (l *login) adviceFor(answer *pgconn.PgError) string {
	user := l.config.User
	switch answer.Code {
	case "28P01", "28000":
		if strings.Contains(answer.Message, "no encryption") || strings.Contains(answer.Message, "SSL off") {
			return "the server lets this user in over TLS only, or not at all: add sslmode=require or verify-full to state.dsn, or look at its pg_hba.conf"
		}
		return "check user and password in state.dsn, or in PGPASSWORD or ~/.pgpass, and the server's pg_hba.conf"
	case "3D000":
		return "create the database (createdb -O " + user + " NAME), or correct its name in state.dsn"
	case "3F000":
		return dirsync.Hint(noSchema())
	case "42501":
		return "give " + user + " the schema and its tables: ALTER SCHEMA … OWNER TO " + user + ", and so for the tables; or use the user who made them"
	case "53100":
		return "free some space where the PostgreSQL server keeps its data and run again; nothing was sent that was not written down"
	case "53300":
		return "the server, or this user, has too many connections; a run needs four"
	case "25006":
		return "the server takes no writes: name its primary in state.dsn (target_session_attrs=read-write), and let the user write"
	case "55P03":
		return "another session holds the state's rows for long: end it (see pg_stat_activity), then run again"
	case "57P01", "57P02", "57P03", "57P05", "25P03":
		return "the server ended the connection, or is starting or stopping: run again; what may have been sent is written down, and settled by the next run"
	case "42P01", "42703":
		return "the state's tables are not as duosync made them: restore them from a backup, or set state.dsn to an empty schema"
	}
	if strings.HasPrefix(answer.Code, "XX") || strings.HasPrefix(answer.Code, "58") {
		return "look into the log of the PostgreSQL server"
	}
	return ""
}

func isTLS(err error) bool {
	if certificate := (*tls.CertificateVerificationError)(nil); errors.As(err, &certificate) {
		return true
	}
	if alert := tls.AlertError(0); errors.As(err, &alert) {
		return true
	}
	if record := (tls.RecordHeaderError{}); errors.As(err, &record) {
		return true
	}
	return strings.Contains(err.Error(), "server refused TLS connection") // pgconn has no type for it
}

// isLost reports whether a connection ended on the way.
func isLost(err error) bool {
	if broken := (*net.OpError)(nil); errors.As(err, &broken) {
		return true
	}
	for _, end := range []error{driver.ErrBadConn, pgconn.ErrConnClosed, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

func noSchema() error {
	return dirsync.WithHint(errors.New("there is no schema to keep it in"),
		"create the schema that search_path in state.dsn names, or leave search_path out, and give the user of state.dsn USAGE and CREATE on it")
}
