package api

import (
	"context"
	"fmt"
	"net/http"
)

// usersPath is where users are, and what belongs to one.
const usersPath = "/admin/v1/users"

// objectPath is the path of one object under the path of its kind.
func objectPath(kind, id, what string) (string, error) {
	if !ValidID(id) {
		message := fmt.Sprintf("%q is not the id of a Duo %s", Tidy(id), what)
		return "", &Error{Op: kind, Kind: ErrNotSent, Message: message}
	}
	return kind + "/" + id, nil
}

// userPath is the path of a user.
func userPath(id string) (string, error) { return objectPath(usersPath, id, "user") }

// delete deletes an object of a kind. Duo answers the same for an id that does not
// exist.
func (c *Client) delete(ctx context.Context, kind, id, what string) error {
	path, err := objectPath(kind, id, what)
	if err != nil {
		return err
	}
	_, err = c.do(ctx, request{method: http.MethodDelete, path: path})
	return err
}

// associate adds an object to one of a user's lists.
func (c *Client) associate(ctx context.Context, user, list, parameter, id string) error {
	path, err := userPath(user)
	if err != nil {
		return err
	}
	_, err = c.do(ctx, request{method: http.MethodPost, path: path + "/" + list, params: map[string]string{parameter: id}})
	return err
}

// dissociate takes an object out of one of a user's lists.
func (c *Client) dissociate(ctx context.Context, user, list, id string) error {
	path, err := userPath(user)
	if err != nil {
		return err
	}
	return c.delete(ctx, path+"/"+list, id, "object")
}
