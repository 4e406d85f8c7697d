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
	ours := *e
	switch ours.Kind {
	case ErrForbidden:
		hint = "check the Auth API application (Duo Admin Panel, Applications)"
		if ours.wrongApplication() {
			hint = "duo.auth.integration_key and duo.auth.secret_key belong to another kind of application, such as Admin API: " +
				"take the keys of an Auth API application (Duo Admin Panel, Applications)"
		}
	case ErrInvalid:
		switch {
		case ours.Detail == "username" || ours.Detail == "user_id":
			ours.Kind = ErrUnknownUser
		case strings.Contains(strings.ToLower(ours.Message+" "+ours.Detail), "capable device"):
			ours.Kind = ErrNoDevice
		}
	}
	if hint == "" {
		return &ours
	}
	return dirsync.WithHint(&ours, hint)
}

// authKeys puts the names of the Auth API's keys into advice about the Admin API's.
func authKeys(hint string) string {
	return strings.NewReplacer(
		"duo.integration_key", "duo.auth.integration_key", "duo.secret_key", "duo.auth.secret_key",
		"Applications, Admin API", "Applications, Auth API",
	).Replace(hint)
}
