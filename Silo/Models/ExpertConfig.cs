using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>The fields of <c>config.json</c> that say which layers have experts, and how those are chosen.</summary>
/// <param name="Experts">Routed experts of a layer.</param>
/// <param name="Intermediate">Columns between the projections of one expert.</param>
/// <param name="SharedIntermediate">Columns between those of the shared experts taken together; 0: none.</param>
/// <param name="Routing">How a row's experts are chosen.</param>
/// <param name="HasBias">The router has a bias that counts for the choice alone.</param>
internal sealed record ExpertConfig(int Experts, int Intermediate, int SharedIntermediate, ExpertRouting Routing, bool HasBias)
{
    private const int MostExperts = 1 << 16;
    private const int MostColumns = 1 << 20;

    /// <summary>Where the shared experts are.</summary>
    public string SharedName { get; init; } = "shared_experts";

    /// <summary>Whether a row says by itself how much its shared expert counts.</summary>
    public bool GatesShared { get; init; }

    /// <summary>Layers below this one are dense.</summary>
    public int FirstDense { get; init; }

    /// <summary>Every how many layers there are experts.</summary>
    public int Step { get; init; } = 1;

    /// <summary>Layers that are dense besides.</summary>
    public IReadOnlyList<int> DenseLayers { get; init; } = [];

    /// <summary>Whether a layer has experts.</summary>
    public bool IsIn(int layer) => layer >= FirstDense && (layer + 1) % Step == 0 && !DenseLayers.Contains(layer);

    /// <summary>Reads the fields as Qwen's families write them: softmax, no groups, <c>decoder_sparse_step</c> and <c>mlp_only_layers</c>.</summary>
    /// <exception cref="CheckpointException">A field is missing or absurd.</exception>
    public static ExpertConfig ReadQwen(ModelConfigReader file)
    {
        var experts = file.OptionalInteger("num_experts", most: MostExperts) ?? file.Integer("num_local_experts", most: MostExperts);
        var routing = new ExpertRouting(Chosen(file, experts), ExpertScore.Softmax, 1, 1, ExpertGroupScore.Best, file.Flag("norm_topk_prob", missing: false), 1);
        return new(experts, file.Integer("moe_intermediate_size", most: MostColumns), file.OptionalInteger("shared_expert_intermediate_size", 0, MostColumns) ?? 0, routing, HasBias: false)
        {
            Step = file.OptionalInteger("decoder_sparse_step", 1, MostExperts) ?? 1,
            DenseLayers = file.Integers("mlp_only_layers"),
        };
    }

    /// <summary>Reads the fields as DeepSeek's families and GLM-4.5 write them: groups, shared experts, <c>first_k_dense_replace</c>.</summary>
    /// <exception cref="CheckpointException">A field is missing or absurd, or names a rule that is not known.</exception>
    public static ExpertConfig ReadDeepSeek(ModelConfigReader file, ExpertScore score)
    {
        var experts = file.Integer("n_routed_experts", most: MostExperts);
        var groups = file.OptionalInteger("n_group", 1, MostExperts) ?? 1;
        var chosenGroups = file.OptionalInteger("topk_group", 1, MostExperts) ?? groups;
        if (experts % groups != 0)
        {
            throw file.Fault("n_group", $"is {groups}, which does not divide n_routed_experts {experts}");
        }

        if (chosenGroups > groups)
        {
            throw file.Fault("topk_group", $"is {chosenGroups}, more than n_group {groups}");
        }

        var method = file.OptionalText("topk_method") ?? (score == ExpertScore.Sigmoid ? "noaux_tc" : "greedy");
        var (grouped, groupScore) = method switch
        {
            "greedy" => (false, ExpertGroupScore.Best),
            "group_limited_greedy" => (true, ExpertGroupScore.Best),
            "noaux_tc" => (true, ExpertGroupScore.SumOfTwoBest),
            _ => throw file.Unsupported("topk_method", $"is \"{method}\"; supported: greedy, group_limited_greedy, noaux_tc"),
        };
        var chosen = Chosen(file, grouped ? experts / groups * chosenGroups : experts);
        var normalize = score == ExpertScore.Sigmoid && file.Flag("norm_topk_prob", missing: true);
        var routing = new ExpertRouting(
            chosen, score, grouped ? groups : 1, grouped ? chosenGroups : 1, groupScore, normalize, (float)(file.OptionalNumber("routed_scaling_factor", 0, 1e3) ?? 1));
        var intermediate = file.Integer("moe_intermediate_size", most: MostColumns);
        var shared = file.OptionalInteger("n_shared_experts", 0, MostExperts) ?? 0;
        var config = new ExpertConfig(experts, intermediate, shared * intermediate, routing, HasBias: method == "noaux_tc");
        if (file.Texts("mlp_layer_types") is { Count: > 0 } types)
        {
            // Newer files say it layer by layer; first_k_dense_replace may then be missing or left as it was.
            return types.FirstOrDefault(type => type is not ("dense" or "sparse")) is { } other
                ? throw file.Unsupported("mlp_layer_types", $"names \"{other}\"; supported: dense, sparse")
                : config with { DenseLayers = [.. Enumerable.Range(0, types.Count).Where(layer => types[layer] == "dense")] };
        }

        return config with
        {
            FirstDense = file.OptionalInteger("first_k_dense_replace", 0, MostExperts) ?? 0,
            Step = file.OptionalInteger("moe_layer_freq", 1, MostExperts) ?? 1,
        };
    }

    private static int Chosen(ModelConfigReader file, int candidates)
    {
        var chosen = file.Integer("num_experts_per_tok", most: MostExperts);
        return chosen <= candidates ? chosen : throw file.Fault("num_experts_per_tok", $"is {chosen}, more than the {candidates} experts that may be chosen");
    }
}
