package api

import (
	"errors"
	"strings"

	dirsync "duosync/sync"
)

// The kinds of failure that only the Auth API has. Both are 400/40002, told apart by
// the message_detail.
const (
	// ErrUnknownUser is a user_id or username that Duo does not know.
	ErrUnknownUser Kind = "unknown user"
	// ErrNoDevice is a login by a factor for which the user has no device.
	ErrNoDevice Kind = "no capable device"
)

// authError makes an error of the client one that speaks of the Auth API and its keys.
func authError(err error) error {
	if err == nil {
		return nil
	}
	// The innermost advice counts, so the new one goes to the bare error.
	hint := authKeys(dirsync.Hint(err))
	var e *Error
	if !errors.As(err, &e) {
		var advised *dirsync.Advised
		if errors.As(err, &advised) {
			err = advised.Err
		}
		return dirsync.WithHint(err, hint)
	}
	told := *e
	switch told.Kind {
	case ErrForbidden:
		hint = "check the Auth API application (Duo Admin Panel, Applications)"
		if told.wrongApplication() {
			hint = "duo.auth.integration_key and duo.auth.secret_key belong to another kind of application, such as Admin API: " +
				"take the keys of an Auth API application (Duo Admin Panel, Applications)"
		}
	case ErrInvalid:
		switch {
		case told.Detail == "username" || told.Detail == "user_id":
			told.Kind = ErrUnknownUser
		case strings.Contains(strings.ToLower(told.Message+" "+told.Detail), "capable device"):
			told.Kind = ErrNoDevice
		}
	}
	if hint == "" {
		return &told
	}
	return dirsync.WithHint(&told, hint)
}

// authKeys puts the names of the Auth API's keys into advice about the Admin API's.
func authKeys(hint string) string {
	return strings.NewReplacer(
		"duo.integration_key", "duo.auth.integration_key", "duo.secret_key", "duo.auth.secret_key",
		"Applications, Admin API", "Applications, Auth API",
	).Replace(hint)
}

// withoutSecrets takes what was sent in confidence out of what Duo said about it.
func withoutSecrets(err error, secrets []string) error {
	var e *Error
	if errors.As(err, &e) {
		for _, secret := range secrets {
			e.Message, e.Detail = hide(e.Message, secret), hide(e.Detail, secret)
		}
	}
	return err
}
