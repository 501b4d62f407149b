import Foundation
import LoopbackServer
import Testing
import Transfer

@testable import ModelHub

@Suite struct NameTests {
    @Test(arguments: [
        ("hf-hub:laion/CLIP-ViT-B-32-laion2B-s34B-b79K", "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"),
        ("laion/CLIP-ViT-B-32-laion2B-s34B-b79K", "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"),
        ("hf-hub:owner/name@refs/pr/3", "owner/name@refs/pr/3"), ("hf-hub:gpt2", "gpt2"),
        ("ViT-B-32/laion2b_s34b_b79k", "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"),
        ("ViT-B-32:laion2B-s34B-b79K", "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"),
        ("ViT-L-14/laion2b_s32b_b82k", "laion/CLIP-ViT-L-14-laion2B-s32B-b82K"),
        ("ViT-H-14/laion2b_s32b_b79k", "laion/CLIP-ViT-H-14-laion2B-s32B-b79K"),
        ("ViT-bigG-14/laion2b_s39b_b160k", "laion/CLIP-ViT-bigG-14-laion2B-39B-b160k"),
        ("ViT-B-16/laion2b_s34b_b88k", "laion/CLIP-ViT-B-16-laion2B-s34B-b88K"),
        ("ViT-L-14/datacomp_xl_s13b_b90k", "laion/CLIP-ViT-L-14-DataComp.XL-s13B-b90K"),
        ("ViT-B-32-quickgelu/openai", "timm/vit_base_patch32_clip_224.openai"),
        ("ViT-B-16-SigLIP/webli", "timm/ViT-B-16-SigLIP"), ("ViT-B-16-SigLIP2/webli", "timm/ViT-B-16-SigLIP2"),
        ("EVA02-B-16/merged2b_s8b_b131k", "timm/eva02_base_patch16_clip_224.merged2b_s8b_b131k"),
        ("coca_ViT-B-32/laion2b_s13b_b90k", "laion/CoCa-ViT-B-32-laion2B-s13B-b90k"),
        ("google/siglip-base-patch16-224", "google/siglip-base-patch16-224"),
    ]) func namesOfRepositories(_ name: String, _ expected: String) throws {
        guard case .repository(let repository) = try HubNames.source(of: name) else {
            return #expect(Bool(false), "\(name)")
        }
        #expect("\(repository)" == expected)
    }

    @Test(arguments: ["ViT-B/32", "vit-b/32"]) func namesOfOpenAI(_ name: String) throws {
        #expect(try HubNames.source(of: name) == .openAI(try #require(OpenAIModel.named("ViT-B/32"))))
    }

    @Test(arguments: ["ViT-B-32/unknown_tag", "ViT-B-32-quickgelu/laion2b_s34b_b79k", "ViT-B-32", "nothing", "", "a:b"])
    func unknownNamesComeWithSuggestions(_ name: String) {
        guard case .unknownModel(name, let suggestions) = hubError({ _ = try HubNames.source(of: name) }) else {
            return #expect(Bool(false), "\(name)")
        }
        #expect(!suggestions.isEmpty)
    }

    @Test func aWrongTagNamesTheRightOnes() {
        let error = hubError { _ = try HubNames.source(of: "ViT-H-14/laion2b_s32b_b79") }
        #expect(error.map { "\($0)".contains("ViT-H-14/laion2b_s32b_b79k") } == true)
    }

    /// The nearest first; letters and digits count, exchanged neighbors once.
    @Test(arguments: [
        ("ViT-B/33", "ViT-B/32"), ("vit_b_32/openai", "ViT-B-32/openai"), ("ViT-L/14@336", "ViT-L/14@336px"),
        ("RN50/opneai", "RN50/openai"), ("ViT-B-32/laion2b", "ViT-B-32/laion2b_e16"),
        ("ViT-H-14/laion2b_s32b_b79", "ViT-H-14/laion2b_s32b_b79k"),
        ("clip-vit-base-patch32", "openai/clip-vit-base-patch32"),
        ("siglip-base-patch16-224", "google/siglip-base-patch16-224"),
        ("Vit-B16-SigLip/webli", "ViT-B-16-SigLIP/webli"),
    ]) func aNearNameIsFound(_ typed: String, _ meant: String) {
        #expect(NearNames.nearest(to: typed, among: HubNames.published).first == meant)
    }

    @Test(arguments: [
        "", "a", "/models/ViT-B-32", "./ViT-B-32", "my-own-finetuned-thing", String(repeating: "x", count: 9999),
    ])
    func whatIsFarOrAPathHasNoNearName(_ typed: String) {
        #expect(NearNames.nearest(to: typed, among: HubNames.published) == [])
    }

    @Test func suggestionsAreWordedAsAQuestion() {
        let error = hubError { _ = try HubNames.source(of: "ViT-B/33") }
        #expect(error.map { "\($0)".contains("Did you mean ViT-B/32") } == true)
    }

    /// Every line of the table is a safe name, and none is there twice.
    @Test func theTableIsWhole() throws {
        let checkpoints = HubNames.checkpoints
        #expect(checkpoints.count == 169)
        #expect(Set(checkpoints.map { "\($0.model) \($0.tag)" }).count == checkpoints.count)
        for checkpoint in checkpoints {
            _ = try HubRepository(checkpoint.repository)
            #expect(checkpoint.tag == checkpoint.tag.lowercased() && !checkpoint.tag.contains("-"))
        }
        for repository in HubNames.repositories { _ = try HubRepository(repository) }
    }

    @Test func theNineOfOpenAI() throws {
        #expect(OpenAIModel.all.count == 9)
        #expect(Set(OpenAIModel.all.map(\.sha256)).count == 9)
        #expect(OpenAIModel.all.allSatisfy { $0.sha256.isHexadecimal(count: 64) })
        let large = try #require(OpenAIModel.named("ViT-L/14@336px"))
        #expect(
            large.url == "https://openaipublic.azureedge.net/clip/models/"
                + "3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02/ViT-L-14-336px.pt")
    }

    @Test(arguments: [
        "", "/", "a/", "/b", "a/b/c", "../b", "a/..", "a/.git", "-a/b", "a/b-", "a--b/c", "a/b..c", "a/b c", "a/b\\c",
        "a/b\u{0}", "a/ü", "a/" + String(repeating: "b", count: 100), "a/b?c", "a/b#c", "a/%2e%2e",
    ]) func repositoriesThatAreRefused(_ id: String) {
        guard case .invalidName("repository", id, _) = hubError({ _ = try HubRepository(id) }) else {
            return #expect(Bool(false), "\(id)")
        }
    }

    @Test(arguments: ["", "..", "a/../b", "/a", "a//b", "a\\b", "a\u{0}", "a\nb", String(repeating: "c", count: 2000)])
    func revisionsThatAreRefused(_ revision: String) {
        guard
            case .invalidName("revision", revision, _) = hubError({ _ = try HubRepository("a/b", revision: revision) })
        else { return #expect(Bool(false), "\(revision)") }
    }

    @Test(arguments: [
        ("\"abc\"", "abc"), ("W/\"abc\"", "abc"), ("abc-2", "abc-2"), ("\"../x\"", nil), ("\"a/b\"", nil),
        ("\"\"", nil),
        ("\".hidden\"", nil), (nil, nil),
    ]) func namesOfBlobs(_ tag: String?, _ expected: String?) { #expect(HubServer.blobName(tag) == expected) }
}

@Suite struct ConfigurationTests {
    /// The defaults and precedence of huggingface_hub.
    @Test(
        arguments: [
            ([:], "/home/u/.cache/huggingface/hub"), (["XDG_CACHE_HOME": "/x"], "/x/huggingface/hub"),
            (["XDG_CACHE_HOME": "/x", "HF_HOME": "~/hf"], "/home/u/hf/hub"),
            (["HF_HOME": "/h", "HUGGINGFACE_HUB_CACHE": "/old"], "/old"),
            (["HF_HOME": "/h", "HUGGINGFACE_HUB_CACHE": "/old", "HF_HUB_CACHE": "/new"], "/new"),
        ] as [([String: String], String)]) func cacheFolders(_ environment: [String: String], _ expected: String) throws
    {
        let configuration = try HubConfiguration(environment: environment.merging(["HOME": "/home/u"]) { $1 })
        #expect(configuration.cacheDirectory == expected)
        #expect(configuration.endpoint.absoluteString == "https://huggingface.co")
        #expect(configuration.openAIDirectory == "/home/u/.cache/clip")
        #expect(configuration.token == nil)
        #expect(!configuration.isOffline)
    }

    @Test func tokens() throws {
        try withFolder { folder in
            try write(Array("hf_file\n".utf8), folder + "/token")
            try write(Array("hf_other\n".utf8), folder + "/elsewhere")
            func token(_ environment: [String: String]) throws -> String? {
                let home = ["HOME": folder, "HF_HOME": folder]
                return try HubConfiguration(environment: environment.merging(home) { $1 }).token
            }
            #expect(try token([:]) == "hf_file")
            #expect(try token(["HF_TOKEN_PATH": folder + "/elsewhere"]) == "hf_other")
            #expect(try token(["HF_TOKEN": " hf_given\n"]) == "hf_given")
            #expect(try token(["HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"]) == nil)
            let error = hubError { _ = try token(["HF_TOKEN": "a\r\nHost: x"]) }
            guard case .invalidSetting = error else { return #expect(Bool(false)) }
            #expect(error.map { "\($0)".contains("Host") } == false)
        }
    }

    @Test(arguments: ["1", "on", "Yes", "TRUE"]) func offline(_ value: String) throws {
        #expect(try HubConfiguration(environment: ["HF_HUB_OFFLINE": value]).isOffline)
    }

    @Test func endpoints() throws {
        let mirror = try HubConfiguration(environment: ["HF_ENDPOINT": "https://mirror.example/hub/"])
        #expect(mirror.endpoint.absoluteString == "https://mirror.example/hub")
        for text in ["mirror.example", "file:///x", "https://", "https://user:pass@host", "https://host/?q=1"] {
            let error = hubError { _ = try HubConfiguration(environment: ["HF_ENDPOINT": text]) }
            guard case .invalidSetting("HF_ENDPOINT", text, _) = error else { return #expect(Bool(false), "\(text)") }
        }
    }
}
