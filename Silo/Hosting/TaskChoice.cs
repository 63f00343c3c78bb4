using XLLM.Grains.Interfaces.Catalog;
using XLLM.Silo.Models;
using XLLM.Silo.Tokenization;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Hosting;

/// <summary>What a model is served for: told from its files, or by option.</summary>
/// <param name="Tasks">What it may be asked for.</param>
/// <param name="Normalizes">Whether whole embeddings are scaled to length one.</param>
/// <param name="ScoreTokens">The tokens whose logits make a score; null where it makes none.</param>
internal readonly record struct TaskChoice(ModelTasks Tasks, bool Normalizes, (int Yes, int No)? ScoreTokens)
{
    /// <summary>Words of the option.</summary>
    public static readonly string[] Words = ["auto", "generate", "embed", "rank"];

    /// <summary>Chooses.</summary>
    /// <param name="source">The model.</param>
    /// <param name="options">"[NAME=]TASK" each; the last that fits counts.</param>
    /// <param name="hasHead">Whether the checkpoint can make logits.</param>
    /// <param name="vocabulary">Token ids are below this.</param>
    /// <param name="tokenizer">Finds the tokens "yes" and "no".</param>
    /// <exception cref="StartException">The model cannot do it.</exception>
    /// <exception cref="CheckpointException">Files beside the checkpoint are damaged or ask for what is not computed.</exception>
    public static TaskChoice Choose(ModelSource source, IEnumerable<string> options, bool hasHead, int vocabulary, ITokenizer tokenizer)
    {
        var config = PoolingConfig.Read(source.Folder);
        var word = options.Select(Split).LastOrDefault(option => option.Name.Length == 0 || option.Name == source.Name).Task ?? "auto";
        var task = word switch
        {
            "generate" => ModelTasks.Generate,
            "embed" => ModelTasks.Embed,
            "rank" => ModelTasks.Rank,
            _ => Told(source, config, hasHead),
        };
        if (task != ModelTasks.Embed && !hasHead)
        {
            throw new StartException($"cannot serve {source.Name}: its checkpoint has no head, so it makes embeddings alone: --task {source.Name}=embed");
        }

        var tokens = task == ModelTasks.Rank ? config?.ScoreTokens ?? YesAndNo(source, tokenizer) : default((int Yes, int No)?);
        return tokens is { } pair && (pair.Yes >= vocabulary || pair.No >= vocabulary || pair.Yes < 0 || pair.No < 0)
            ? throw new StartException($"cannot serve {source.Name}: tokens {pair.Yes} and {pair.No} decide its scores, but its vocabulary has {vocabulary} tokens")
            : new(task, config?.Normalizes ?? true, tokens);
    }

    /// <summary>Splits "[NAME=]TASK".</summary>
    public static (string Name, string Task) Split(string option)
    {
        var equals = option.LastIndexOf('=');
        return equals < 0 ? ("", option) : (option[..equals], option[(equals + 1)..]);
    }

    /// <summary>Embedding models say what they are beside their weights. Qwen3-Reranker is published as a plain causal model: only its name tells.</summary>
    private static ModelTasks Told(ModelSource source, PoolingConfig? config, bool hasHead) =>
        config?.ScoreTokens is not null ? ModelTasks.Rank
        : config?.Embeds == true || !hasHead ? ModelTasks.Embed
        : Path.GetFileName(Path.TrimEndingDirectorySeparator(source.Folder)).Contains("reranker", StringComparison.OrdinalIgnoreCase) ? ModelTasks.Rank
        : ModelTasks.Generate;

    private static (int Yes, int No) YesAndNo(ModelSource source, ITokenizer tokenizer) => (Word(source, tokenizer, "yes"), Word(source, tokenizer, "no"));

    private static int Word(ModelSource source, ITokenizer tokenizer, string word) => tokenizer.Encode(word, addSpecialTokens: false) is [var token]
        ? token
        : throw new StartException($"cannot serve {source.Name}: to judge documents a model needs \"{word}\" as one token, and its tokenizer has none");
}
