package faults

import (
	"net/http"

	"duosync/duo/duosim/internal/protocol"
)

// Answer gives what the client gets in place of the right reply.
func (f *Fault) Answer(right protocol.Reply) protocol.Reply {
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
