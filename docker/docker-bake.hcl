# docker buildx bake -f docker/docker-bake.hcl: the image for every platform, from one machine. scripts/image (make image)
# calls it, also where there is neither a Docker engine nor a registry.

variable "TAGS" { default = "portcullis:latest" }   # comma-separated
variable "VERSION" { default = "" }
variable "REVISION" { default = "" }
variable "SOURCE" { default = "" }                  # where the repository is
variable "SOURCE_DATE_EPOCH" { default = "0" }
variable "SYSROOT" { default = "" }                 # --locked: see cross/sysroot
variable "BASE" { default = "" }                    # another Debian 13 than the Dockerfile's
# What writes the bill of materials that is attached to the image, an image itself: the Dockerfile's target attest.
variable "SBOM_GENERATOR" { default = "portcullis-attest" }

group "default" { targets = ["portcullis"] }

target "portcullis" {
  context    = "."
  dockerfile = "docker/Dockerfile"
  platforms  = ["linux/arm/v6", "linux/arm/v7", "linux/arm64", "linux/amd64"]
  tags       = split(",", TAGS)
  args = {
    VERSION           = VERSION
    REVISION          = REVISION
    SOURCE            = SOURCE
    SOURCE_DATE_EPOCH = SOURCE_DATE_EPOCH
    SYSROOT           = SYSROOT
    BASE              = BASE != "" ? BASE : null
  }
  annotations = flatten([for where in ["index", "manifest"] : [
    "${where}:org.opencontainers.image.title=Portcullis",
    "${where}:org.opencontainers.image.description=An MQTT-connected garage-door agent for the Raspberry Pi",
    "${where}:org.opencontainers.image.licenses=MIT AND LGPL-2.1-or-later AND EPL-2.0 AND Apache-2.0 AND MPL-2.0",
    "${where}:org.opencontainers.image.version=${VERSION}",
    "${where}:org.opencontainers.image.revision=${REVISION}",
    "${where}:org.opencontainers.image.source=${SOURCE}",
  ]])
  attest = ["type=provenance,mode=max", "type=sbom,generator=${SBOM_GENERATOR}"]
}
