package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	dirsync "duosync/sync"
)

const (
	groupsPath = "/admin/v1/groups"
	// groupPath is the second version's: the first one's answer holds all members
	// and is deprecated.
	groupPath  = "/admin/v2/groups"
	groupsPage = 500 // Duo's maximum
)

// EachGroup gives visit every group of the account, 500 a call. total is Duo's
// total_objects, or -1 where Duo does not tell it.
func (c *Client) EachGroup(ctx context.Context, visit func(Group) error) (total int, err error) {
	return eachPage(ctx, c, groupsPath, groupsPage, func(g group) error { return visit(g.whole()) })
}

// Group returns the group with this id, or ErrNotFound.
func (c *Client) Group(ctx context.Context, id string) (*Group, error) {
	path, err := objectPath(groupPath, id, "group")
	if err != nil {
		return nil, err
	}
	return ask(ctx, c, request{method: http.MethodGet, path: path}, func(r *reply) (*Group, error) {
		g, err := readGroup(r)
		if err == nil && g.ID != id {
			err = errors.New("the group " + g.ID + ", which was not asked for")
		}
		return g, err
	})
}

// CreateGroup makes an active group. It is sent once: after a failure that leaves
// its fate open the caller looks the name up. ErrDuplicate means that there is a
// group of that name; an answer with a group of another name is an ErrStray.
func (c *Client) CreateGroup(ctx context.Context, name, desc string) (*Group, error) {
	params := map[string]string{"name": name, "desc": desc}
	q := request{method: http.MethodPost, path: groupsPath, params: params, once: true}
	return ask(ctx, c, q, func(r *reply) (*Group, error) {
		g, err := readGroup(r)
		if err == nil && dirsync.FoldName(g.Name) != dirsync.FoldName(name) {
			err = errors.New("the group " + g.Name + ", which was not asked for")
		}
		return g, err
	})
}

// RenameGroup gives a group another name and returns it as Duo answers it; where the
// answer is not that group, as a look at it shows it.
func (c *Client) RenameGroup(ctx context.Context, id, name string) (*Group, error) {
	path, err := objectPath(groupsPath, id, "group")
	if err != nil {
		return nil, err
	}
	r, err := c.do(ctx, request{method: http.MethodPost, path: path, params: map[string]string{"name": name}})
	if err != nil {
		return nil, err
	}
	if g, err := readGroup(r); err == nil && g.ID == id {
		return g, nil
	}
	return c.Apart().Group(ctx, id)
}

// DeleteGroup deletes a group; its members stay. Duo answers the same for an id
// that does not exist.
func (c *Client) DeleteGroup(ctx context.Context, id string) error {
	return c.delete(ctx, groupsPath, id, "group")
}

// JoinGroup puts a user into a group; once more does no harm. ErrNotFound means
// that one of them does not exist, ErrLimit that the user is in 100 groups.
func (c *Client) JoinGroup(ctx context.Context, user, group string) error {
	return c.associate(ctx, user, "groups", "group_id", group)
}

// LeaveGroup takes a user out of a group. Duo answers the same where the user is
// not in it.
func (c *Client) LeaveGroup(ctx context.Context, user, group string) error {
	return c.dissociate(ctx, user, "groups", group)
}

func readGroup(r *reply) (*Group, error) {
	var g group
	if err := json.Unmarshal(r.Response, &g); err != nil {
		return nil, malformed("a group that cannot be read", err)
	}
	whole := g.whole()
	return &whole, nil
}
