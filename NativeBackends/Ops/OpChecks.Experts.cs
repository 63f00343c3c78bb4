namespace XLLM.NativeBackends.Ops;

internal static partial class OpChecks
{
    public static void ChooseExperts(Tensor logits, Tensor? bias, in ExpertRouting routing)
    {
        RequireFloats("choose_experts", "logits", logits);
        var experts = logits.Columns;
        if (routing.Groups < 1 || experts % routing.Groups != 0 || routing.ChosenGroups < 1 || routing.ChosenGroups > routing.Groups)
        {
            throw new OpException($"choose_experts: {routing.ChosenGroups} of {routing.Groups} groups do not fit {experts} experts");
        }

        if (routing.Chosen < 1 || routing.Chosen > experts / routing.Groups * routing.ChosenGroups)
        {
            throw new OpException($"choose_experts: {routing.Chosen} experts of {experts / routing.Groups * routing.ChosenGroups} that may be chosen");
        }

        if (bias is { } b)
        {
            RequireFloats("choose_experts", "bias", b);
            if (b.Rows != 1 || b.Columns != experts)
            {
                throw new OpException($"choose_experts: bias {b} does not fit logits {logits}");
            }
        }
    }

    public static void Experts(Tensor x, ExpertChoice choice, ExpertWeights experts)
    {
        RequireFloats("experts", "x", x);
        RequireFloats("experts", "weights", choice.Weights);
        var (ids, count) = (choice.Ids, experts.Gate.Count);
        if (ids.DType != DType.I32 || ids.Rows != x.Rows || choice.Weights.Rows != x.Rows || ids.Columns != choice.Weights.Columns)
        {
            throw new OpException($"experts: ids {ids} and weights {choice.Weights} do not fit x {x}");
        }

        if (count == 0 || experts.Up.Count != count || experts.Down.Count != count)
        {
            throw new OpException($"experts: {count} gates, {experts.Up.Count} ups and {experts.Down.Count} downs");
        }

        var intermediate = experts.Gate[0].Rows;
        for (var e = 0; e < count; e++)
        {
            var (gate, up, down) = (experts.Gate[e], experts.Up[e], experts.Down[e]);
            if (gate.Columns != x.Columns || up.Columns != x.Columns || gate.Rows != intermediate || up.Rows != intermediate || down.Columns != intermediate || down.Rows != x.Columns)
            {
                throw new OpException($"experts: gate {gate}, up {up} and down {down} of expert {e} do not fit each other and x {x}");
            }
        }

        RequireExpertIds(ids, count);
    }

    private static unsafe void RequireExpertIds(Tensor ids, int count)
    {
        for (var r = 0; r < ids.Rows; r++)
        {
            foreach (var id in new ReadOnlySpan<int>((int*)ids.Data + ((long)r * ids.RowStride), ids.Columns))
            {
                if (id < 0 || id >= count)
                {
                    throw new OpException($"experts: row {r} names expert {id} of {count}");
                }
            }
        }
    }
}
