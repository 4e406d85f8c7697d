package expression_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	dirsync "duosync/sync"
	"duosync/sync/expression"
)

// ada is the person in the tables below.
func ada() *dirsync.Person {
	return &dirsync.Person{
		DN: "uid=ada,ou=people,dc=example,dc=org",
		Attrs: map[string][]string{
			"uid":               {"lovelace", "ada"},
			"mail":              {"b@example.org", "a@corp.example", "B@corp.example"},
			"sn":                {"Lovelace"},
			"givenname":         {"Ada"},
			"userprincipalname": {"ada@corp.example"},
			"account":           {`CORP\ada`},
			"flags":             {"514"},
			"msds-cloud1":       {"c1"},
			"cn;lang-de":        {"Ada die Erste"},
			"bytes":             {"\xffX\x00"},
			"empty":             {""},
		},
		Groups: []string{"Staff", "VPN users"},
	}
}

func TestExpression(t *testing.T) {
	for _, c := range []struct {
		text   string
		values []string // the first is the one value
	}{
		// an attribute by itself
		{`sn`, []string{"Lovelace"}},
		{` givenName `, []string{"Ada"}},
		{`uid`, []string{"ada", "lovelace"}}, // the RDN's first
		{`mail`, []string{"B@corp.example", "a@corp.example", "b@example.org"}},
		{`msDS-cloud1`, []string{"c1"}},
		{`cn;lang-de`, []string{"Ada die Erste"}},
		{`2.5.4.4`, nil},
		{`absent`, nil},
		{`empty`, nil},
		{`lower`, nil}, // an attribute, too, when it stands alone
		{`bytes`, []string{"\xffX\x00"}},

		// one value, or all
		{`lower(uid)`, []string{"ada"}},
		{`(mail)`, []string{"B@corp.example"}},
		{`first(mail)`, []string{"B@corp.example"}},
		{`last(mail)`, []string{"b@example.org"}},
		{`mail[0]`, []string{"B@corp.example"}},
		{`mail[-1]`, []string{"b@example.org"}},
		{`mail[1:]`, []string{"a@corp.example", "b@example.org"}},
		{`mail[:-1]`, []string{"B@corp.example", "a@corp.example"}},
		{`mail[2:1]`, nil},
		{`mail[7:9]`, nil},
		{`get(mail, 1)`, []string{"a@corp.example"}},
		{`get(mail, 7)`, nil},
		{`take(mail, 2)`, []string{"B@corp.example", "a@corp.example"}},
		{`take(mail, -2)`, nil},
		{`values(mail)`, []string{"B@corp.example", "a@corp.example", "b@example.org"}},
		{`values("msDS-cloud1")`, []string{"c1"}},
		{`values(lower(sn))`, []string{"lovelace"}},
		{`attr("msDS-cloud1")`, []string{"c1"}},
		{`upper(attr("cn;lang-de"))`, []string{"ADA DIE ERSTE"}},
		{`len(attr("uid"))`, []string{"2"}},
		{`[sn, givenName, ["x", [sn]]]`, []string{"Lovelace", "Ada", "x"}},
		{`concat(uid, sn, "x")`, []string{"ada", "lovelace", "Lovelace", "x"}},
		{`first(absent)`, nil},
		{`last(absent) + "x"`, []string{"x"}},

		// absent
		{`absent ?? sn`, []string{"Lovelace"}},
		{`sn ?? uid`, []string{"Lovelace"}},
		{`empty ?? absent ?? "none"`, []string{"none"}},
		{`(absent ?? nil) ?? sn`, []string{"Lovelace"}},
		{`lower(absent) ?? sn`, []string{"Lovelace"}},
		{`first(absent ?? mail)`, []string{"B@corp.example"}},
		{`filter(mail, # endsWith ".net") ?? sn`, []string{"Lovelace"}},
		{`values(absent ?? uid)`, []string{"ada", "lovelace"}},
		{`lower(absent ?? nil)`, nil},
		{`nil`, nil},
		{`absent == "" ? "none" : "some"`, []string{"none"}},

		// text
		{`givenName + " " + sn`, []string{"Ada Lovelace"}},
		{`left(givenName, 1) + sn | lower()`, []string{"alovelace"}}, // | takes all that stands before it
		{`lower(left(givenName, 1) + sn)`, []string{"alovelace"}},
		{`"\u00e4\"" + '\'' + "\\"`, []string{`ä"'\`}},
		{`left("äöü", 2)`, []string{"äö"}},
		{`left("äöü", 0)`, nil},
		{`left(sn, 99)`, []string{"Lovelace"}},
		{`trim("  x ") + trim("--x-", "-")`, []string{"xx"}},
		{`trimPrefix(sn, "Love") + trimSuffix(sn, "lace")`, []string{"laceLove"}},
		{`replace(mail, "@corp.example", "")`, []string{"B"}},
		{`replace("aaa", "a", "b", 2)`, []string{"bba"}},
		{`split(mail, "@")`, []string{"B", "corp.example"}},
		{`split("a.b.c", ".", 2)[1]`, []string{"b.c"}},
		{`join(mail, ";")`, []string{"B@corp.example;a@corp.example;b@example.org"}},
		{`join(["a", "b"])`, []string{"ab"}},
		{`sn | lower() | left(2)`, []string{"lo"}},
		{`strip_domain(userPrincipalName)`, []string{"ada"}},
		{`strip_domain(account) + "@" + domain(account)`, []string{"ada@CORP"}},
		{`domain(userPrincipalName)`, []string{"corp.example"}},
		{`strip_domain(sn) + domain(sn)`, []string{"Lovelace"}},
		{`toBase64("ab")`, []string{"YWI="}},
		{`upper(bytes)`, []string{"\xffX\x00"}}, // no text, and not made one
		{`len("äöü")`, []string{"3"}},

		// conditions
		{`mail matches "@corp\\.example$" ? mail : ""`, []string{"B@corp.example"}},
		{"mail matches `^a` ? mail : \"\"", nil},
		{`matches(mail, "(?i)^b@")`, []string{"true"}},
		{`not matches(mail, "z")`, []string{"true"}},
		{`mail not matches ("z")`, []string{"true"}},
		{`startsWith(sn, "Lo") and endsWith(sn, "ce") and contains(sn, "vel")`, []string{"true"}},
		{`sn startsWith "Lo" && hasPrefix(sn, "Lo") && hasSuffix(sn, "ce")`, []string{"true"}},
		{`"a@corp.example" in mail`, []string{"true"}},
		{`sn in ["Lovelace", "Byron"]`, []string{"true"}},
		{`if sn == "Byron" { "a" } else { "b" }`, []string{"b"}},
		{`{"Lovelace": "maths", "Byron": "verse"}[sn] ?? "other"`, []string{"maths"}},
		{`upper({"Byron": "verse"}[sn])`, nil},
		{`bitand(int(flags), 2) != 0 ? "disabled" : "active"`, []string{"disabled"}},

		// lists with a condition
		{`filter(mail, # endsWith "@example.org")`, []string{"b@example.org"}},
		{`filter(mail, matches(#, "corp"))`, []string{"B@corp.example", "a@corp.example"}},
		{`filter({"x": "one"}["x"], # != "")`, []string{"one"}},
		{`filter({"x": "one"}["y"], # != "")`, nil},
		{`filter(mail, # matches ("corp"))`, []string{"B@corp.example", "a@corp.example"}},
		{`map(mail, lower(strip_domain(#)))`, []string{"b", "a"}},
		{`sort(map(mail, lower(#)))`, []string{"a@corp.example", "b@corp.example", "b@example.org"}},
		{`sort(uid, "desc")`, []string{"lovelace", "ada"}},
		{`sortBy(mail, len(#))`, []string{"b@example.org", "B@corp.example", "a@corp.example"}},
		{`reverse(uid)`, []string{"lovelace", "ada"}},
		{`uniq(["a", "b", "a"])`, []string{"a", "b"}},
		{`find(mail, # startsWith "a")`, []string{"a@corp.example"}},
		{`lower(find(mail, # == "x"))`, nil},
		{`findLast(mail, # contains "corp")`, []string{"a@corp.example"}},
		{`count(mail)`, []string{"3"}},
		{`count(mail, # contains "corp") + len(uid)`, []string{"4"}},
		{`any(mail, # contains "corp") and not all(mail, # contains "corp")`, []string{"true"}},
		{`none(mail, # == "") and one(mail, # == "b@example.org")`, []string{"true"}},
		{`reduce(mail, #acc + left(#, 1), "")`, []string{"Bab"}},
		{`any(uid, any(sn, any(groups, # == "Staff")))`, []string{"true"}},
		{`filter(mail, any(uid, # == "ada"))`, []string{"B@corp.example", "a@corp.example", "b@example.org"}},
		{`let m = first(mail); strip_domain(m) + " of " + domain(m)`, []string{"B of corp.example"}},

		// what is known of the person
		{`in_group("vpn USERS") ? "active" : "disabled"`, []string{"active"}},
		{`in_group("Admins") ? "active" : "disabled"`, []string{"disabled"}},
		{`"Staff" in groups`, []string{"true"}},
		{`groups`, []string{"Staff", "VPN users"}},
		{`preset`, []string{"active"}},
		{`dn`, []string{"uid=ada,ou=people,dc=example,dc=org"}},
		{`DN endsWith "dc=org"`, []string{"true"}},

		// other values than text
		{`true`, []string{"true"}},
		{`1 + 2`, []string{"3"}},
		{`7 / 2`, []string{"3.5"}},
		{`string(1e3) + "x"`, []string{"1000x"}},
		{`int(" 7 ") + 1`, []string{"8"}},
		{`2 in [1, 2]`, []string{"true"}},
		{`len([[1, 2], [3]]) + len([])`, []string{"3"}},
		{`map(mail, nil)`, nil},
		{`map(uid, mail)`, []string{"B@corp.example"}},
		{`map(uid, values(sn))`, []string{"Lovelace"}},
		{`map(uid, [#, sn])[1]`, []string{"Lovelace"}},
		{`filter([uid, values(mail)], # != "ada")`, []string{"B@corp.example", "a@corp.example", "b@example.org"}},
		{`{"x": ["a", "b"]}["x"]`, []string{"a", "b"}},
		{`[1, true, nil, 2.5]`, []string{"1", "true", "2.5"}},
		{`// a remark
		  sn`, []string{"Lovelace"}},
	} {
		t.Run(c.text, func(t *testing.T) {
			e, err := expression.Parse(c.text)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second time with the same machine
				values, err := e.Values(ada())
				if diff := cmp.Diff(c.values, values); err != nil || diff != "" {
					t.Errorf("Values: %v %s", err, diff)
				}
				value, err := e.Value(ada())
				if want := append(c.values, "")[0]; err != nil || value != want {
					t.Errorf("Value = %q, %v; want %q", value, err, want)
				}
			}
		})
	}
}

func TestExpressionWords(t *testing.T) {
	for _, c := range []struct {
		text               string
		plain, preset      bool
		attributes, groups []string
	}{
		{text: `msDS-Cloud1`, plain: true, attributes: []string{"msds-cloud1"}},
		{text: `cn;lang-DE`, plain: true, attributes: []string{"cn;lang-de"}},
		{text: `(UID)`, attributes: []string{"uid"}},
		{text: `(mail ?? attr("msDS-X")) + join(sn) + MAIL`, attributes: []string{"mail", "msds-x", "sn"}},
		{text: `concat(uid, values("cn"))`, attributes: []string{"cn", "uid"}},
		{text: `in_group("Staff") or in_group("Admins") or in_group("Staff")`, groups: []string{"Admins", "Staff"}},
		{text: `"VPN" in groups and dn != ""`},
		{text: `groups`},
		{text: `preset`, preset: true},
		{text: `in_group("Staff") ? preset : "disabled"`, preset: true, groups: []string{"Staff"}},
		{text: `attr("preset")`, attributes: []string{"preset"}},
	} {
		t.Run(c.text, func(t *testing.T) {
			e, err := expression.Parse(c.text)
			if err != nil {
				t.Fatal(err)
			}
			if e.String() != c.text || e.Plain() != c.plain || e.Preset() != c.preset {
				t.Errorf("%s: plain %v, preset %v", e, e.Plain(), e.Preset())
			}
			if diff := cmp.Diff(c.attributes, e.Attributes()); diff != "" {
				t.Errorf("attributes: %s", diff)
			}
			if diff := cmp.Diff(c.groups, e.Groups()); diff != "" {
				t.Errorf("groups: %s", diff)
			}
		})
	}
}

func TestExpressionPreset(t *testing.T) {
	for standing, want := range map[dirsync.Standing]string{
		dirsync.Enabled: "active", dirsync.Disabled: "disabled", dirsync.LockedOut: "locked out",
	} {
		e, err := expression.Parse(`in_group("Staff") ? preset : "disabled"`)
		if err != nil {
			t.Fatal(err)
		}
		p := ada()
		p.Standing = standing
		if got, err := e.Value(p); err != nil || got != want {
			t.Errorf("%s gives %q, %v", standing, got, err)
		}
	}
}

// An expression gives the same in whatever order the directory keeps the values,
// and leaves the person as it was.
func TestExpressionKeepsOrder(t *testing.T) {
	for _, text := range []string{`mail`, `mail[1:]`, `join(mail, " ")`, `sort(mail, "desc")`, `reverse(mail)`, `uniq(mail)`, `concat(mail, uid)`, `take(mail, 2)`, `groups`} {
		e, err := expression.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		p, q := ada(), ada()
		slices.Reverse(q.Attrs["mail"])
		before := maps.Clone(q.Attrs)
		for name, values := range before {
			before[name] = slices.Clone(values)
		}
		one, errOne := e.Values(p)
		two, errTwo := e.Values(q)
		if diff := cmp.Diff(one, two); errOne != nil || errTwo != nil || diff != "" {
			t.Errorf("%s: %v, %v, %s", text, errOne, errTwo, diff)
		}
		for i := range two {
			two[i] = "changed"
		}
		if diff := cmp.Diff(before, q.Attrs); diff != "" {
			t.Errorf("%s changed the person: %s", text, diff)
		}
		if diff := cmp.Diff(ada().Groups, q.Groups); diff != "" {
			t.Errorf("%s changed the groups: %s", text, diff)
		}
	}
}
