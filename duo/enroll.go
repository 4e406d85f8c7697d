package duo

import (
	"context"
	"net/http"
)

// Enroll lets Duo send its own mail with a link to enroll to an address; the link
// is good for 30 days, which is Duo's default. Duo makes a user of that name where
// there is none, so the caller looks first. It is sent once and never again but
// after a 429, with which Duo has done nothing. The code in Duo's answer is a
// secret and dropped.
func (c *Client) Enroll(ctx context.Context, username, email string) error {
	_, err := c.do(ctx, request{
		method: http.MethodPost, path: usersPath + "/enroll", once: true,
		params: map[string]string{"username": username, "email": email},
	})
	return err
}
