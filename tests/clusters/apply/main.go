// Applies the objects on standard input to the cluster of a kubeconfig, by the code with which Flux applies a Kustomization.
// Prints the changes, one in a line, or ends with Flux's error.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/fluxcd/pkg/ssa"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func main() {
	log.SetFlags(0)
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	must(err)
	cluster, err := client.New(config, client.Options{})
	must(err)
	var objects []*unstructured.Unstructured
	must(json.NewDecoder(os.Stdin).Decode(&objects))
	owner := ssa.Owner{Field: "kustomize-controller", Group: "kustomize.toolkit.fluxcd.io"}
	manager := ssa.NewResourceManager(cluster, nil, owner)
	changes, err := manager.ApplyAllStaged(context.Background(), objects, ssa.DefaultApplyOptions())
	must(err)
	for _, change := range changes.Entries {
		fmt.Println(change.String())
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
