package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	dirsync "duosync/sync"
)

// How much Duo takes in one bulk call (its Admin API's limits), and where these go.
const (
	MostCreates = 100
	MostParts   = 50

	BulkCreatePath = usersPath + "/bulk_create"
	BulkPath       = "/admin/v1/bulk"
)

// Part is one operation of a bulk call.
type Part struct {
	Method string            `json:"method"`
	Path   string            `json:"path"`
	Body   map[string]string `json:"body"`
}

// CreatePart makes a user, as CreateUser does.
func CreatePart(fields dirsync.Fields) Part {
	return Part{Method: http.MethodPost, Path: usersPath, Body: fields}
}

// ModifyPart changes a user, as ModifyUser does. The id must be a ValidID.
func ModifyPart(id string, fields dirsync.Fields) Part {
	return Part{Method: http.MethodPost, Path: usersPath + "/" + id, Body: fields}
}

// JoinPart puts a user into a group. Both ids must be a ValidID.
func JoinPart(user, group string) Part {
	return Part{Method: http.MethodPost, Path: usersPath + "/" + user + "/groups", Body: map[string]string{"group_id": group}}
}

// LeavePart takes a user out of a group. Both ids must be a ValidID.
func LeavePart(user, group string) Part {
	return Part{Method: http.MethodDelete, Path: usersPath + "/" + user + "/groups/" + group, Body: map[string]string{}}
}

// Item is what a bulk call answers in one place. What it is about is for the caller to tell.
type Item struct {
	Account *dirsync.Account // nil where the answer has no user there
	Err     error            // of an envelope: an *Error
}

// BulkCreate makes up to MostCreates users of these fields in one call. It is sent once:
// after a failure that leaves its fate open the caller looks the names up. An answer that
// is no list is an ErrStray.
func (c *Client) BulkCreate(ctx context.Context, users []dirsync.Fields) ([]Item, error) {
	return c.bulkCall(ctx, BulkCreatePath, "users", users)
}

// Bulk performs up to MostParts operations, one after another, in one call. It is sent
// once, like BulkCreate.
func (c *Client) Bulk(ctx context.Context, parts []Part) ([]Item, error) {
	return c.bulkCall(ctx, BulkPath, "operations", parts)
}

func (c *Client) bulkCall(ctx context.Context, path, parameter string, members any) ([]Item, error) {
	list, err := json.Marshal(members)
	if err != nil {
		return nil, &Error{Op: http.MethodPost + " " + path, Kind: ErrNotSent, Message: err.Error(), Err: err}
	}
	q := request{method: http.MethodPost, path: path, params: map[string]string{parameter: string(list)}, once: true}
	return ask(ctx, c, q, func(r *reply) ([]Item, error) {
		raw, err := readList[json.RawMessage](r)
		if err != nil {
			return nil, err
		}
		items := make([]Item, len(raw))
		for i, data := range raw {
			items[i] = c.readItem(http.MethodPost+" "+path, data)
		}
		return items, nil
	})
}

// readItem reads a user, or an envelope; what is neither says nothing.
func (c *Client) readItem(op string, data json.RawMessage) Item {
	var r reply
	if json.Unmarshal(data, &r) != nil {
		return Item{}
	}
	switch r.Stat {
	case "FAIL":
		e := &Error{Op: op, Sent: true, FromDuo: true, Message: c.tidy(string(r.Message)), Detail: c.tidy(string(r.Detail))}
		if code := r.Code.value; r.Code.set && code >= 1e4 && code < 1e5 {
			e.Code, e.HTTP = int(code), int(code)/100
		}
		e.Kind = kindOf(e.HTTP, e.Code)
		return Item{Err: e}
	case "OK":
		data = r.Response
	}
	var item Item
	var a account
	if len(data) > 0 && json.Unmarshal(data, &a) == nil {
		account := dirsync.Account(a)
		item.Account = &account
	}
	return item
}

// RefusesBulk reports whether err is Duo's refusal of a bulk call as such, whatever it holds.
func RefusesBulk(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.FromDuo && !e.wrongApplication() &&
		(e.Kind == ErrForbidden || e.Kind == ErrNotFound || e.HTTP == http.StatusMethodNotAllowed)
}
