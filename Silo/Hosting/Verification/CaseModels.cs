using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models;
using XLLM.Silo.Models.Adapters;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Hosting.Verification;

/// <summary>What a case loads: a model; or the base of an adapter with it; or a target with its draft model.</summary>
/// <param name="Target">Computes the logits.</param>
/// <param name="Draft">Guesses them; null: no draft model.</param>
/// <param name="Adapter">Added to every row; null: none.</param>
internal sealed record CaseModels(LoadedModel Target, LoadedDraft? Draft, LoraAdapter? Adapter)
{
    private const string AboutName = "about.json";

    /// <summary>What is recorded of a draft layer of the case's own checkpoint.</summary>
    private const string OwnDraft = "mtp_logits";

    /// <summary>What is recorded of a draft head whose target is another folder.</summary>
    private const string HeadDraft = "draft_logits";

    /// <summary>Loads the models of a case.</summary>
    /// <param name="folder">The case.</param>
    /// <param name="recorded">What is recorded.</param>
    /// <param name="backend">Must outlive the models.</param>
    public static CaseModels Load(string folder, IReadOnlyList<string> recorded, IBackend backend)
    {
        var options = new ModelLoadOptions { ReadsEndTokens = false };
        if (LoraAdapter.IsIn(folder))
        {
            var adapter = LoraAdapter.Read(folder);
            var model = ModelLoader.Load(Other(folder, "base"), backend, options);
            model.Adapters.Load(adapter);
            return new(model, null, adapter);
        }

        var target = ModelLoader.Load(recorded.Contains(HeadDraft) ? Other(folder, "target") : folder, backend, options);
        return new(target, recorded.Contains(HeadDraft) || recorded.Contains(OwnDraft) ? DraftLoader.Load(folder, target, backend, options) : null, null);
    }

    /// <summary>The folder that about.json names, from the case's own on.</summary>
    private static string Other(string folder, string field)
    {
        var about = ModelConfigReader.Load(Path.Combine(folder, AboutName));
        var name = about.OptionalText(field) ?? throw about.Fault(field, "is missing; it names the folder of the model that this case builds on");
        return Path.GetFullPath(Path.Combine(folder, name));
    }
}
