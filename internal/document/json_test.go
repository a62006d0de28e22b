package document

import "testing"

func TestJSONSaysTheSame(t *testing.T) {
	for _, test := range []struct{ name, in, out string }{
		{"bare words of YAML stay bare where JSON has them", "a: 1\nb: true\nc: -20\n", `{"a":1,"b":true,"c":-20}`},
		{"a decimal becomes a text as written", "a: 0.30\nb: 1e3\nc: 007\n", `{"a":"0.30","b":"1e3","c":"007"}`},
		{"a quoted number stays a text", "a: \"12\"\n", `{"a":"12"}`},
		{"nothing stays nothing", "a: null\nb: [x, 中, \"<\"]\n", `{"a":null,"b":["x","中","<"]}`},
		{"JSON comes back", `{"z": {"a": ["1.50", 2, false]}}`, `{"z":{"a":["1.50",2,false]}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, err := JSON("f", []byte(test.in))
			if err != nil || string(out) != test.out {
				t.Errorf("%s, %v; want %s", out, err, test.out)
			}
		})
	}
	if _, err := JSON("f", []byte("a: [")); err == nil {
		t.Error("a broken file was rewritten")
	}
}
