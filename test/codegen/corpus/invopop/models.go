// Models that use what invopop/jsonschema's users use. `go run . FOLDER` prints one schema each.
package main

import (
	"encoding/json"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/invopop/jsonschema"
)

type Address struct {
	Street string `json:"street" jsonschema:"minLength=1"`
	City   string `json:"city"`
	Zip    string `json:"zip,omitempty" jsonschema:"pattern=^[0-9]{5}$"`
}

type Integers struct {
	A int     `json:"a"`
	B int8    `json:"b"`
	C int16   `json:"c"`
	D int32   `json:"d"`
	E int64   `json:"e"`
	F uint    `json:"f"`
	G uint8   `json:"g"`
	H uint16  `json:"h"`
	I uint32  `json:"i"`
	J uint64  `json:"j"`
	K float32 `json:"k"`
	L float64 `json:"l"`
}

type Scalars struct {
	Text    string          `json:"text"`
	Flag    bool            `json:"flag"`
	Raw     []byte          `json:"raw"`
	Any     any             `json:"any"`
	Pointer *string         `json:"pointer"`
	Maybe   *int            `json:"maybe,omitempty"`
	Message json.RawMessage `json:"message"`
	Number  json.Number     `json:"number"`
	Quoted  int             `json:"quoted,string"`
}

type StandardTypes struct {
	At   time.Time     `json:"at"`
	Took time.Duration `json:"took"`
	IP   net.IP        `json:"ip"`
	URL  url.URL       `json:"url"`
	URI  string        `json:"uri" jsonschema:"format=uri"`
}

type OptionalNested struct {
	Address  *Address  `json:"address,omitempty"`
	Nullable *Address  `json:"nullable" jsonschema:"nullable"`
	Required Address   `json:"required"`
	List     []Address `json:"list,omitempty"`
}

type Tagged struct {
	ID      string  `json:"id" jsonschema:"required,title=ID,description=The ID,example=a,example=b"`
	Age     int     `json:"age" jsonschema:"minimum=0,maximum=150,default=30"`
	Above   float64 `json:"above" jsonschema:"exclusiveMinimum=0,exclusiveMaximum=1"`
	Step    float64 `json:"step" jsonschema:"multipleOf=0.01"`
	Colour  string  `json:"colour" jsonschema:"enum=red,enum=green,default=red"`
	Level   int     `json:"level" jsonschema:"enum=1,enum=2"`
	Email   string  `json:"email" jsonschema:"format=email"`
	Old     string  `json:"old,omitempty" jsonschema:"deprecated=true"`
	Secret  string  `json:"secret" jsonschema:"writeOnly=true"`
	Ratio   float64 `json:"ratio" jsonschema:"default=0.5"`
	Enabled bool    `json:"enabled" jsonschema:"default=true"`
	Extra   string  `json:"extra" jsonschema_extras:"widget=slider,order=1"`
	Comment string  `json:"comment" jsonschema_description:"With a comma, and */ in it."`
	Hidden  string  `json:"-"`
	private string
}

type OneOf struct {
	Value any    `json:"value" jsonschema:"oneof_type=string;array"`
	Text  string `json:"text,omitempty" jsonschema:"oneof_required=text"`
	Data  string `json:"data,omitempty" jsonschema:"oneof_required=data"`
}

type AnyOf struct {
	A    string `json:"a,omitempty" jsonschema:"anyof_required=one"`
	B    string `json:"b,omitempty" jsonschema:"anyof_required=two"`
	Kind any    `json:"kind" jsonschema:"anyof_type=string;integer"`
}

type Collections struct {
	List    []string                     `json:"list"`
	Bounded []int                        `json:"bounded" jsonschema:"minItems=1,maxItems=3,uniqueItems=true"`
	Array   [3]float64                   `json:"array"`
	Pairs   [][2]int                     `json:"pairs"`
	Map     map[string]Address           `json:"map"`
	ByInt   map[int]string               `json:"by_int"`
	Nested  map[string]map[string][]bool `json:"nested"`
	Any     map[string]any               `json:"any"`
	Enums   []string                     `json:"enums" jsonschema:"enum=a,enum=b"`
}

type Tree struct {
	Value    int     `json:"value"`
	Left     *Tree   `json:"left,omitempty"`
	Children []*Tree `json:"children"`
}

type Folder struct {
	Name  string           `json:"name"`
	Files map[string]*File `json:"files"`
}

type File struct {
	Size   int64   `json:"size"`
	Parent *Folder `json:"parent,omitempty"`
}

type Page[T any] struct {
	Items []T `json:"items"`
	Next  int `json:"next,omitempty"`
}

type Generics struct {
	Addresses Page[Address] `json:"addresses"`
	Numbers   Page[int]     `json:"numbers"`
}

type Base struct {
	ID string `json:"id"`
}

type Embedded struct {
	Base
	Named Address `json:"named"`
	Name  string  `json:"name"`
}

type Inlined struct {
	Address `json:",inline"`
	Name    string `json:"name"`
}

type Status string

func (Status) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type:        "string",
		Enum:        []any{"on", "off"},
		Title:       "Status",
		Description: "On or off.",
	}
}

type Extended struct {
	Kind   string `json:"kind"`
	Status Status `json:"status"`
}

func (Extended) JSONSchemaExtend(schema *jsonschema.Schema) {
	schema.If = &jsonschema.Schema{
		Properties: jsonschema.NewProperties(),
		Required:   []string{"kind"},
	}
	schema.If.Properties.Set("kind", &jsonschema.Schema{Const: "x"})
	schema.Then = &jsonschema.Schema{Required: []string{"status"}}
	schema.DependentRequired = map[string][]string{"status": {"kind"}}
}

type Cat struct {
	Kind  string `json:"kind" jsonschema:"enum=cat"`
	Lives int    `json:"lives" jsonschema:"default=9"`
}

type Dog struct {
	Kind string `json:"kind" jsonschema:"enum=dog"`
	Good bool   `json:"good"`
}

type Pet struct{ value any }

func (Pet) JSONSchema() *jsonschema.Schema {
	reflector := jsonschema.Reflector{DoNotReference: true, Anonymous: true}
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{reflector.Reflect(&Cat{}), reflector.Reflect(&Dog{})}}
}

type Owner struct {
	Pet  Pet   `json:"pet"`
	Pets []Pet `json:"pets,omitempty"`
}

type Order struct {
	Customer *Address  `json:"customer,omitempty"`
	Status   Status    `json:"status"`
	PlacedAt time.Time `json:"placed_at"`
	Lines    []Tagged  `json:"lines"`
}

type Line struct {
	Name   string  `json:"name"`
	Amount float64 `json:"amount" jsonschema:"exclusiveMinimum=0"`
}

type Receipt struct {
	To       string `json:"to" jsonschema:"format=email"`
	Lines    []Line `json:"lines"`
	Note     string `json:"note,omitempty"`
	Language string `json:"language,omitempty" jsonschema:"enum=en,enum=de,default=en"`
}

func main() {
	print := func(name string, reflector jsonschema.Reflector, value any) {
		text, err := json.MarshalIndent(reflector.Reflect(value), "", "  ")
		if err != nil {
			panic(err)
		}
		path := filepath.Join(os.Args[1], name+".json")
		if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
			panic(err)
		}
	}
	plain := jsonschema.Reflector{}
	print("integers", plain, &Integers{})
	print("scalars", plain, &Scalars{})
	print("standard_types", plain, &StandardTypes{})
	print("optional_nested", plain, &OptionalNested{})
	print("tagged", plain, &Tagged{})
	print("one_of", plain, &OneOf{})
	print("any_of", plain, &AnyOf{})
	print("collections", plain, &Collections{})
	print("tree", plain, &Tree{})
	print("mutual", plain, &Folder{})
	print("generics", plain, &Generics{})
	print("generic_root", plain, &Page[Address]{})
	print("embedded", plain, &Embedded{})
	print("inlined", plain, &Inlined{})
	print("extended", plain, &Extended{})
	print("union", plain, &Owner{})
	print("order", plain, &Order{})
	print("receipt", plain, &Receipt{})
	print("map_root", plain, map[string]Address{})
	print("expanded", jsonschema.Reflector{ExpandedStruct: true}, &Order{})
	print("no_references", jsonschema.Reflector{DoNotReference: true}, &Order{})
	print("anonymous", jsonschema.Reflector{Anonymous: true}, &Order{})
	print("open", jsonschema.Reflector{AllowAdditionalProperties: true}, &Order{})
	print("required_by_tag", jsonschema.Reflector{RequiredFromJSONSchemaTags: true}, &Tagged{})
	print("assigned_anchors", jsonschema.Reflector{AssignAnchor: true}, &Order{})
	print("with_base", jsonschema.Reflector{BaseSchemaID: "https://example.com/schemas"}, &Order{})
}
