package duosim

import (
	"fmt"
	"slices"
)

// What people can do with a push; see Options.
const (
	PushApprove = "approve"
	PushDeny    = "deny"
	PushFraud   = "fraud"
	PushWaiting = "waiting" // nothing
)

func (o *Options) pushAnswer() string {
	if o.PushAnswer == "" {
		return PushApprove
	}
	return o.PushAnswer
}

// sendPush sends a verification push to an activated phone of the user.
func (a *account) sendPush(c *call) (any, *refusal) {
	u, bad := find(&a.users, c, "user")
	if bad != nil {
		return nil, bad
	}
	id, bad := c.args.text("phone_id")
	if bad != nil || !slices.Contains(u.Phones, id) || !a.phones.get(id).Activated {
		return nil, refuse(badParameters, "phone_id")
	}
	a.given["push"]++
	push := fmt.Sprintf("PUSH%016d", a.given["push"])
	a.pushes[push] = u.ID
	a.changes++
	return map[string]any{"push_id": push, "confirmation_code": fmt.Sprintf("%06d", a.given["push"])}, nil
}

func (a *account) pushResponse(c *call) (any, *refusal) {
	u, bad := find(&a.users, c, "user")
	if bad != nil {
		return nil, bad
	}
	push, bad := c.args.text("push_id")
	switch {
	case bad != nil || push == "":
		return nil, refuse(badParameters, "push_id")
	case a.pushes[push] != u.ID:
		return nil, refuse(notFound, "")
	}
	return map[string]any{"push_id": push, "result": a.options.pushAnswer()}, nil
}
