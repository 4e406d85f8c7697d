package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	dirsync "duosync/sync"
)

const (
	// UsersPage is how many users are read in one call: Duo's maximum.
	UsersPage = 300
	// MostInLook is how many values a list filter takes. As they go into the URL, its
	// length bounds them as well.
	MostInLook = 100
	listBytes  = 4000
)

// EachUser gives visit every user of the account, trashed ones included, 300 a
// call. While others change the account a user may come twice or not at all: the
// caller compares with total, which is Duo's total_objects, or -1 where Duo does
// not tell it.
func (c *Client) EachUser(ctx context.Context, visit func(dirsync.Account) error) (total int, err error) {
	return eachPage(ctx, c, usersPath, UsersPage, func(a account) error { return visit(dirsync.Account(a)) })
}

// CountUsers asks for a single user and returns Duo's total, or -1. It is the
// cheapest call that proves keys, clock and the right to read.
func (c *Client) CountUsers(ctx context.Context) (int, error) { return c.count(ctx, usersPath) }

// User returns the user with this id, or ErrNotFound (404/40401).
func (c *Client) User(ctx context.Context, id string) (*dirsync.Account, error) {
	path, err := userPath(id)
	if err != nil {
		return nil, err
	}
	return ask(ctx, c, request{method: http.MethodGet, path: path}, func(r *reply) (*dirsync.Account, error) { return readUser(r, id) })
}

// UserByName returns the user who holds a name, as username or alias, or nil.
// Nil does not prove that the name is free; Duo refuses a create where it is
// not (400/40003). An answer with another user is asked for once more, and then is how
// Duo understands the name.
func (c *Client) UserByName(ctx context.Context, name string) (*dirsync.Account, error) {
	a, others, err := c.userByName(ctx, name)
	if err == nil && a == nil && others {
		a, _, err = c.Apart().userByName(ctx, name)
	}
	return a, err
}

// userByName asks once; others reports whether the answer has another user.
func (c *Client) userByName(ctx context.Context, name string) (a *dirsync.Account, others bool, err error) {
	found, err := getList(ctx, c, usersPath, map[string]string{"username": name}, func(found []account) error {
		if len(found) > 1 && holderOf(found, name) == nil {
			return errors.New("users who were not asked for by username")
		}
		return nil
	})
	return holderOf(found, name), len(found) > 0, err
}

func holderOf(found []account, name string) *dirsync.Account {
	for _, a := range found {
		if a := dirsync.Account(a); hasName(&a, name) {
			return &a
		}
	}
	return nil
}

// UsersByNames asks for up to 100 names in one call. It returns the users who
// hold one of them; a name that nobody in the answer holds may be held all the
// same, as an alias or because Duo did not filter.
func (c *Client) UsersByNames(ctx context.Context, names []string) ([]dirsync.Account, error) {
	return c.usersByList(ctx, "username_list", names, func(a *dirsync.Account, asked map[string]bool) bool {
		for _, name := range a.Names() {
			if asked[name] {
				return true
			}
		}
		return false
	})
}

// UsersByIDs asks for up to 100 ids in one call and returns the users that have
// one of them. An id that is missing may exist all the same: only User tells.
func (c *Client) UsersByIDs(ctx context.Context, ids []string) ([]dirsync.Account, error) {
	return c.usersByList(ctx, "user_id_list", ids, func(a *dirsync.Account, asked map[string]bool) bool {
		return asked[dirsync.FoldName(a.ID)]
	})
}

func (c *Client) usersByList(ctx context.Context, filter string, values []string,
	matches func(*dirsync.Account, map[string]bool) bool,
) ([]dirsync.Account, error) {
	list, err := jsonText(values)
	if err != nil {
		return nil, err
	}
	found, err := getList(ctx, c, usersPath, map[string]string{filter: list}, anyList[account])
	if err != nil {
		return nil, err
	}
	asked := make(map[string]bool, len(values))
	for _, value := range values {
		asked[dirsync.FoldName(value)] = true
	}
	var users []dirsync.Account
	for _, a := range found {
		if a := dirsync.Account(a); matches(&a, asked) {
			users = append(users, a)
		}
	}
	return users, nil
}

// CreateUser makes a user of these fields, which must hold a username. It is
// sent once: after a failure that leaves its fate open the caller looks the name
// up. ErrDuplicate means that another user holds the name, trashed or not; an answer
// with a user of another name is an ErrStray.
func (c *Client) CreateUser(ctx context.Context, fields dirsync.Fields) (*dirsync.Account, error) {
	q := request{method: http.MethodPost, path: usersPath, params: fields, once: true}
	return ask(ctx, c, q, func(r *reply) (*dirsync.Account, error) {
		a, err := readAccount(r)
		if err == nil && dirsync.FoldName(a.Username) != dirsync.FoldName(fields[dirsync.FieldUsername]) {
			err = errors.New("the user " + a.Username + ", who was not asked for")
		}
		return a, err
	})
}

// ModifyUser sets these fields and leaves all others as they are; an empty value
// clears. It returns the user as Duo answers it. A user in Duo's Trash is
// changed, but stays there. An answer that is not that user is an ErrStray, and not sent
// again: the caller looks at the user first.
func (c *Client) ModifyUser(ctx context.Context, id string, fields dirsync.Fields) (*dirsync.Account, error) {
	path, err := userPath(id)
	if err != nil {
		return nil, err
	}
	r, err := c.do(ctx, request{method: http.MethodPost, path: path, params: fields})
	if err != nil {
		return nil, err
	}
	a, err := readUser(r, id)
	if err != nil {
		return nil, c.Stray(http.MethodPost+" "+path, err.Error())
	}
	return a, nil
}

// DeleteUser deletes a user for good, past the Trash, with every enrolled
// device. Duo answers the same for an id that does not exist.
func (c *Client) DeleteUser(ctx context.Context, id string) error {
	return c.delete(ctx, usersPath, id, "user")
}

// TrashUsers puts users into Duo's Trash, up to 100. What became of each is not
// in the answer.
func (c *Client) TrashUsers(ctx context.Context, ids ...string) error {
	return c.bulk(ctx, "bulk_send_to_trash", ids)
}

// RestoreUsers takes users out of Duo's Trash, up to 100. What became of each is
// not in the answer.
func (c *Client) RestoreUsers(ctx context.Context, ids ...string) error {
	return c.bulk(ctx, "bulk_restore", ids)
}

// Enroll lets Duo send its own mail with a link to enroll to an address; the link
// is good for 30 days, which is Duo's default. Duo makes a user of that name where
// there is none, so the caller looks first. It is sent once and never again but
// after a 429, with which Duo has done nothing. As the answer names nobody, the call has
// a connection of its own. The code in Duo's answer is a secret and dropped.
func (c *Client) Enroll(ctx context.Context, username, email string) error {
	_, err := c.do(ctx, request{
		method: http.MethodPost, path: usersPath + "/enroll", once: true, apart: true,
		params: map[string]string{"username": username, "email": email},
	})
	return err
}

func (c *Client) bulk(ctx context.Context, verb string, ids []string) error {
	for _, id := range ids {
		if _, err := userPath(id); err != nil {
			return err
		}
	}
	list, err := jsonText(ids)
	if err != nil {
		return err
	}
	_, err = c.do(ctx, request{
		method: http.MethodPost, path: usersPath + "/" + verb, params: map[string]string{"user_id_list": list},
	})
	return err
}

func readAccount(r *reply) (*dirsync.Account, error) {
	var a account
	if err := json.Unmarshal(r.Response, &a); err != nil {
		return nil, malformed("a user who cannot be read", err)
	}
	result := dirsync.Account(a)
	return &result, nil
}

// readUser reads the user with this id.
func readUser(r *reply, id string) (*dirsync.Account, error) {
	a, err := readAccount(r)
	if err == nil && a.ID != id {
		err = errors.New("the user " + a.ID + ", who was not asked for")
	}
	return a, err
}

// jsonText is the form that Duo's list parameters take: a JSON array as text.
func jsonText(values []string) (string, error) {
	text, err := json.Marshal(values)
	return string(text), err
}

// Chunks cuts names or ids into lists that one call can take.
func Chunks(values []string) [][]string {
	var lists [][]string
	start, size := 0, 0
	for i, value := range values {
		length := len(escape(value)) + len(escape(`"",`))
		if i > start && (i-start == MostInLook || size+length > listBytes) {
			lists = append(lists, values[start:i])
			start, size = i, 0
		}
		size += length
	}
	if start < len(values) {
		lists = append(lists, values[start:])
	}
	return lists
}

// hasName reports whether an account holds a name, as username or alias.
func hasName(a *dirsync.Account, name string) bool {
	return slices.Contains(a.Names(), dirsync.FoldName(name))
}

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
