using XLLM.Silo.Sequences;

namespace XLLM.Silo.Execution;

/// <summary>Grants to the integers of a step: which rows, at which positions, into which slots. Plain C#, so that it runs while another step executes.</summary>
/// <param name="blockTokens">Tokens of one KV block.</param>
internal sealed class BatchBuilder(int blockTokens)
{
    /// <summary>Fills a plan.</summary>
    /// <param name="plan">Overwritten.</param>
    /// <param name="grants">At least one; their sequences have the blocks.</param>
    public void Fill(StepPlan plan, IReadOnlyList<Grant> grants)
    {
        plan.Clear();
        for (var i = 0; i < grants.Count; i++)
        {
            var grant = grants[i];
            plan.Add(grant);
            plan.RowStarts.Add(plan.TokenIds.Count);
            plan.ContextLengths.Add(grant.End);
            grant.Sequence.Tokens[grant.Start..grant.End].CopyTo(plan.TokenIds.Extend(grant.Tokens));
            var positions = plan.Positions.Extend(grant.Tokens);
            for (var offset = 0; offset < positions.Length; offset++)
            {
                positions[offset] = grant.Start + offset;
            }

            if (grant.DrawsToken)
            {
                var rows = grant.Sequence.Pooler is { ReadsLogits: false } ? plan.PooledRows : plan.LogitRows;
                rows.Add(plan.TokenIds.Count - 1);
            }
        }

        plan.RowStarts.Add(plan.TokenIds.Count);
        for (var group = 0; group < plan.Groups.Length; group++)
        {
            FillGroup(plan.Groups[group], group, grants);
        }

        plan.PrepareResults();
    }

    private void FillGroup(GroupPlan plan, int group, IReadOnlyList<Grant> grants)
    {
        var width = 0;
        for (var i = 0; i < grants.Count; i++)
        {
            width = Math.Max(width, grants[i].Sequence.Blocks[group].Count);
        }

        for (var i = 0; i < grants.Count; i++)
        {
            var grant = grants[i];
            var blocks = grant.Sequence.Blocks[group].Blocks;
            var table = plan.BlockTables.Extend(width);
            blocks.CopyTo(table);
            table[blocks.Length..].Clear();

            var slots = plan.Slots.Extend(grant.Tokens);
            for (var offset = 0; offset < slots.Length; offset++)
            {
                var position = grant.Start + offset;
                slots[offset] = (blocks[position / blockTokens] * blockTokens) + (position % blockTokens);
            }
        }
    }
}
