package faults

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"duosync/duo/duosim/internal/protocol"
)

// Hit is a fault that has struck a call.
type Hit struct {
	*Fault
	rule *rule
}

// Answer gives what the client gets in place of the right reply.
func (h *Hit) Answer(right protocol.Reply) protocol.Reply {
	answer := right
	switch h.Effect {
	case Stale:
		answer = *h.rule.heard
	case Swap:
		answer = *h.rule.heard
		h.rule.heard = &right
	case WrongID:
		answer.Body = rewritten(right.Body, withWrongID)
	case Short, Twice, Reversed, Stranger:
		answer.Body = rewritten(right.Body, func(envelope map[string]any) { rearranged(envelope, h.Effect) })
	case Endless:
		if h.rule.heard == nil {
			h.rule.heard = &right
		}
		answer = *h.rule.heard
		answer.Body = rewritten(answer.Body, func(envelope map[string]any) { withoutEnd(envelope, h.rule.hits) })
	default:
		return h.answer(right)
	}
	answer.Delay = h.Delay
	return answer
}

// rewritten changes an envelope. What is none stays as it is.
func rewritten(body []byte, change func(envelope map[string]any)) []byte {
	var envelope map[string]any
	if json.Unmarshal(body, &envelope) != nil {
		return body
	}
	change(envelope)
	changed, err := json.Marshal(envelope)
	if err != nil { // it came out of JSON
		panic(fmt.Sprintf("duosim: fault: %v", err))
	}
	return changed
}

// withWrongID gives the object of an envelope, or each of its list, an id of nobody.
func withWrongID(envelope map[string]any) {
	objects, isList := envelope["response"].([]any)
	if !isList {
		objects = []any{envelope["response"]}
	}
	for _, object := range objects {
		fields, _ := object.(map[string]any)
		for _, key := range []string{"user_id", "group_id", "phone_id", "token_id"} {
			if id, ok := fields[key].(string); ok && len(id) > 2 {
				fields[key] = id[:2] + strings.Repeat("0", len(id)-2)
			}
		}
	}
}

// rearranged has the list of an envelope lack its last item, have its first one twice, stand
// in another order, or have somebody else in the place of its first one.
func rearranged(envelope map[string]any, how Effect) {
	items, isList := envelope["response"].([]any)
	if !isList || len(items) == 0 {
		return
	}
	switch how {
	case Short:
		items = items[:len(items)-1]
	case Twice:
		items = append(items[:1:1], items...)
	case Reversed:
		slices.Reverse(items)
	case Stranger:
		user, _ := items[0].(map[string]any)
		if inner, ok := user["response"].(map[string]any); ok {
			user = inner
		}
		if user["user_id"] != nil {
			user["user_id"], user["username"] = "DU99999999999999STRNG", "stranger"
		}
	}
	envelope["response"] = items
}

// withoutEnd has a page say that there is another one behind it.
func withoutEnd(envelope map[string]any, page int) {
	items, isList := envelope["response"].([]any)
	metadata, _ := envelope["metadata"].(map[string]any)
	if !isList || metadata == nil {
		return
	}
	metadata["next_offset"] = page * max(1, len(items))
}

// answer gives what the client gets by a fault that knows of no other call.
func (f *Fault) answer(right protocol.Reply) protocol.Reply {
	answer := right
	switch f.Effect {
	case Status429:
		answer = protocol.TooManyRequests().Reply()
		switch f.Reply {
		case "html":
			answer = protocol.HTMLReply(http.StatusTooManyRequests)
		case "empty":
			answer.Body = nil
		}
		answer.RetryAfter = f.RetryAfter
	case Error500, ErrorAfter, FailPage:
		answer = protocol.Refuse(protocol.CodeInternalError, "").Reply()
	case Error50001:
		answer = protocol.LimitExceeded().Reply()
	case HTML502:
		answer = protocol.HTMLReply(http.StatusBadGateway)
	case Refuse:
		answer = f.refusal(f.Code).Reply()
	case Fail200:
		code := f.Code
		if code == 0 {
			code = protocol.CodeInternalError
		}
		answer = f.refusal(code).Reply()
		answer.Status = http.StatusOK
	case EmptyCode:
		answer = protocol.JSONReply(f.status(), 0, f.refusal(protocol.CodeBadParameters).Envelope(""))
	case NoCode:
		answer = protocol.JSONReply(f.status(), 0, f.refusal(protocol.CodeBadParameters).Envelope(nil))
	case CutBefore, CutAfter:
		answer = protocol.Reply{Cut: true}
	}
	answer.Delay = f.Delay
	return answer
}

func (f *Fault) refusal(code int) *protocol.Refusal {
	r := protocol.Refuse(code, f.Detail)
	if f.Message != "" {
		r.Message = f.Message
	}
	return r
}

func (f *Fault) status() int {
	if f.Status == 0 {
		return http.StatusBadRequest
	}
	return f.Status
}

// refuses gives what a part of a bulk call is answered with.
func (f *Fault) refuses() *protocol.Refusal {
	if f.Effect == Error50001 {
		return protocol.LimitExceeded()
	}
	return f.refusal(f.Code)
}
