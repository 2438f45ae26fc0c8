// Reads {"expressions": …, "objects": […]} and prints the status that Flux gives each object, by Flux's own code.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kubernetesjson "k8s.io/apimachinery/pkg/util/json"
)

func main() {
	var asked struct {
		Expressions kustomize.HealthCheckExpressions `json:"expressions"`
		Objects     []json.RawMessage                `json:"objects"`
	}
	must(json.NewDecoder(os.Stdin).Decode(&asked))
	evaluator, err := cel.NewStatusEvaluator(&asked.Expressions)
	must(err)
	answers := []string{}
	for _, text := range asked.Objects {
		// As the API machinery reads them: whole numbers stay whole, which the generations must be.
		var object map[string]any
		must(kubernetesjson.Unmarshal(text, &object))
		result, err := evaluator.Evaluate(context.Background(), &unstructured.Unstructured{Object: object})
		if err != nil {
			answers = append(answers, "error: "+err.Error())
			continue
		}
		answers = append(answers, string(result.Status))
	}
	must(json.NewEncoder(os.Stdout).Encode(answers))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
