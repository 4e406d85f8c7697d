package audit

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"

	"duosync/state"
	dirsync "duosync/sync"
)

// Version is that of the Open Cybersecurity Schema Framework whose events the lines are.
const Version = "1.8.0"

// The event classes, with their category.
const (
	categoryIAM = 3

	classAccount = 3001
	classEntity  = 3004
	classGroup   = 3006
)

var classNames = map[int]string{classAccount: "Account Change", classEntity: "Entity Management", classGroup: "Group Management"}

// activity is what happened, as a class of events has it. Other has a name of ours.
type activity struct {
	class, id int
	name      string
}

const other = 99

func otherOf(class int, name string) activity { return activity{class, other, name} }

// Activities by the word of a record. What Account Change has no word for is Other, with
// a name of ours.
var activities = map[string]activity{
	string(dirsync.Create):      {classAccount, 1, "Create"},
	string(dirsync.Recreate):    {classAccount, 1, "Create"},
	string(dirsync.Enable):      {classAccount, 2, "Enable"},
	string(dirsync.Restore):     {classAccount, 2, "Enable"},
	string(dirsync.Disable):     {classAccount, 5, "Disable"},
	string(dirsync.Trash):       {classAccount, 6, "Delete"},
	string(dirsync.Delete):      {classAccount, 6, "Delete"},
	string(dirsync.PhoneDelete): {classAccount, 11, "MFA Factor Disable"},
	string(dirsync.Update):      otherOf(classAccount, "Update"),
	string(dirsync.Adopt):       otherOf(classAccount, "Adopt"),
	string(dirsync.Release):     otherOf(classAccount, "Release"),
	string(dirsync.EnrollMail):  otherOf(classAccount, "Enrollment Mail"),

	wordJoin:                    {classGroup, 3, "Add User"},
	wordLeave:                   {classGroup, 4, "Remove User"},
	string(dirsync.GroupCreate): {classGroup, 6, "Create"},
	string(dirsync.GroupDelete): {classGroup, 5, "Delete"},
	string(dirsync.GroupUpdate): otherOf(classGroup, "Update"),
}

// acts are the activities of acts.
var acts = map[string]activity{
	state.ActApprove:  {classEntity, 1, "Create"},
	state.ActRevoke:   {classEntity, 4, "Delete"},
	state.ActPause:    {classEntity, 12, "Suspend"},
	state.ActResume:   {classEntity, 13, "Resume"},
	state.ActEnable:   {classEntity, 4, "Delete"},
	state.ActHold:     {classEntity, 1, "Create"},
	state.ActUndo:     otherOf(classEntity, "Undo"),
	state.ActRebuild:  otherOf(classEntity, "Rebuild"),
	state.ActDisable:  {classAccount, 5, "Disable"},
	state.ActDisabled: {classAccount, 5, "Disable"},
	state.ActAdopt:    otherOf(classAccount, "Adopt"),
}

// activityOf tells what a record is.
func activityOf(r *record) activity {
	isPhones := func(c dirsync.Change) bool { return c.Field == dirsync.FieldPhones }
	isRemoved := func(p dirsync.PhoneStep) bool { return p.Do == dirsync.PhoneRemove }
	switch onlyPhones := len(r.Phones) > 0 && !slices.ContainsFunc(r.Changes, func(c dirsync.Change) bool { return !isPhones(c) }); {
	case r.What == string(dirsync.Adopt) && r.Group.ID != "":
		return otherOf(classGroup, "Adopt")
	case r.What == string(dirsync.Update) && onlyPhones && !slices.ContainsFunc(r.Phones, isRemoved):
		return activity{classAccount, 10, "MFA Factor Enable"}
	case r.What == string(dirsync.Update) && onlyPhones && !slices.ContainsFunc(r.Phones, func(p dirsync.PhoneStep) bool { return !isRemoved(p) }):
		return activity{classAccount, 11, "MFA Factor Disable"}
	}
	from := activities
	if r.Act {
		from = acts
	}
	if a, known := from[r.What]; known {
		return a
	}
	return otherOf(classEntity, r.What)
}

// event is a line of format ocsf.
type event struct {
	ActivityID   int       `json:"activity_id"`
	ActivityName string    `json:"activity_name"`
	CategoryUID  int       `json:"category_uid"`
	CategoryName string    `json:"category_name"`
	ClassUID     int       `json:"class_uid"`
	ClassName    string    `json:"class_name"`
	TypeUID      int64     `json:"type_uid"`
	TypeName     string    `json:"type_name"`
	Time         int64     `json:"time"`
	SeverityID   int       `json:"severity_id"`
	Severity     string    `json:"severity"`
	StatusID     int       `json:"status_id"`
	Status       string    `json:"status"`
	StatusDetail string    `json:"status_detail,omitempty"`
	Message      string    `json:"message"`
	Actor        actor     `json:"actor"`
	User         *user     `json:"user,omitempty"`
	UserResult   *user     `json:"user_result,omitempty"`
	Group        *named    `json:"group,omitempty"`
	Entity       *entity   `json:"entity,omitempty"`
	Comment      string    `json:"comment,omitempty"`
	Metadata     metadata  `json:"metadata"`
	Unmapped     *unmapped `json:"unmapped"`
}

type actor struct {
	AppName string `json:"app_name"`
	User    named  `json:"user"`
}

type named struct {
	Name string `json:"name,omitempty"`
	UID  string `json:"uid,omitempty"`
}

type user struct {
	named
	UIDAlt string      `json:"uid_alt,omitempty"`
	TypeID int         `json:"type_id"`
	Type   string      `json:"type"`
	Full   string      `json:"full_name,omitempty"`
	Mail   string      `json:"email_addr,omitempty"`
	LDAP   *ldapPerson `json:"ldap_person,omitempty"`
}

type ldapPerson struct {
	DN string `json:"ldap_dn"`
}

type entity struct {
	named
	User   *user  `json:"user,omitempty"`
	TypeID int    `json:"type_id"`
	Type   string `json:"type"`
}

type metadata struct {
	Version     string  `json:"version"`
	Product     product `json:"product"`
	UID         string  `json:"uid"`
	Sequence    int64   `json:"sequence"`
	Correlation string  `json:"correlation_uid,omitempty"`
	LogName     string  `json:"log_name"`
	LoggedTime  int64   `json:"logged_time"`
	Tenant      string  `json:"tenant_uid"`
}

type product struct {
	Name   string `json:"name"`
	Vendor string `json:"vendor_name"`
}

// unmapped is what the schema has no place for.
type unmapped struct {
	Action  string           `json:"action"`
	Result  string           `json:"result"`
	Reason  string           `json:"reason,omitempty"`
	Changes []dirsync.Change `json:"changes,omitempty"`
	// Intended is when an operation was about to be sent, by Duo's clock.
	Intended string `json:"intended,omitempty"`
}

func eventOf(r *record, account string) any {
	a := activityOf(r)
	e := &event{ActivityID: a.id, ActivityName: a.name, CategoryUID: categoryIAM, CategoryName: "Identity & Access Management",
		ClassUID: a.class, ClassName: classNames[a.class], TypeUID: int64(a.class)*100 + int64(a.id), TypeName: classNames[a.class] + ": " + a.name,
		Time: r.At.UnixMilli(), StatusDetail: r.Error, Message: r.message(),
		Actor: actor{AppName: "duosync", User: named{Name: cmp.Or(r.By, "unknown")}},
		Metadata: metadata{Version: Version, Product: product{"duosync", "duosync"}, UID: fmt.Sprintf("%s/%d", account, r.Number), Sequence: r.Number,
			Correlation: r.Run, LogName: "audit", LoggedTime: r.Settled.UnixMilli(), Tenant: account},
		Unmapped: &unmapped{Action: r.What, Result: r.Result, Reason: r.Reason, Changes: r.Changes, Intended: intended(r)}}
	e.SeverityID, e.Severity = severityOf(r)
	e.StatusID, e.Status = statusOf(r)
	switch a.class {
	case classAccount:
		e.User, e.UserResult = userOf(&r.Who), resultingUser(r)
	case classGroup:
		e.Group = &named{r.Group.Name, r.Group.ID}
		if cmp.Or(r.Who.Username, r.Who.User) != "" {
			e.User = userOf(&r.Who)
		}
	default:
		e.Entity, e.Comment = entityOf(r), r.Reason
	}
	return e
}

func severityOf(r *record) (int, string) {
	switch {
	case r.What == state.ActHold, r.What == state.ActPause:
		return 3, "Medium"
	case r.Result != applied && r.Result != requested:
		return 2, "Low"
	}
	return 1, "Informational"
}

// statusOf gives the outcome. What is done in part, or was asked for and is not answered
// yet, has a label of ours.
func statusOf(r *record) (int, string) {
	switch r.Result {
	case failed:
		return 2, "Failure"
	case unknown:
		return 0, "Unknown"
	case partly:
		return other, "Partial"
	case requested:
		return other, "Requested"
	}
	return 1, "Success"
}

func userOf(p *person) *user {
	u := &user{named: named{p.Username, p.User}, UIDAlt: p.Source, TypeID: 1, Type: "User"}
	if p.DN != "" {
		u.LDAP = &ldapPerson{p.DN}
	}
	return u
}

// mail is what the schema takes for an address.
var mail = regexp.MustCompile("^[a-zA-Z0-9!#$%&'*+/=?^_`{|}~.-]+@[a-zA-Z0-9-]+\\.[a-zA-Z0-9.-]+$")

// resultingUser is what was asked of the user to be, where that is done.
func resultingUser(r *record) *user {
	if r.Result != applied && r.Result != partly || len(r.Who.After) == 0 {
		return nil
	}
	u := userOf(&r.Who)
	u.Name, u.Full = cmp.Or(r.Who.After[dirsync.FieldUsername], u.Name), r.Who.After[dirsync.FieldRealname]
	if address := r.Who.After[dirsync.FieldEmail]; mail.MatchString(address) {
		u.Mail = address
	}
	return u
}

// entityOf is what an act on duosync itself is about.
func entityOf(r *record) *entity {
	e := &entity{TypeID: other, named: named{Name: "duosync"}}
	switch r.What {
	case state.ActApprove, state.ActRevoke:
		e.Type, e.UID = "Approval", r.About
	case state.ActHold:
		e.Type, e.UID = "Hold", r.About
	case state.ActUndo:
		e.Type, e.UID = "Run", r.About
	case state.ActEnable:
		e.Type, e.named, e.User = "Mark", named{r.Who.Username, r.Who.User}, userOf(&r.Who)
	case state.ActRebuild:
		e.Type = "State"
	default:
		e.Type = "Service"
	}
	return e
}
