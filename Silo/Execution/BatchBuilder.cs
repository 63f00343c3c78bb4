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
                plan.LogitRows.Add(plan.TokenIds.Count - 1);
            }
        }

        plan.RowStarts.Add(plan.TokenIds.Count);
        for (var group = 0; group < plan.Groups.Length; group++)
        {
            if (grants[0].Sequence.Blocks.HasSlots(group))
            {
                FillGroup(plan.Groups[group], group, grants);
            }
            else
            {
                FillStates(plan.Groups[group], group, grants);
            }
        }

        plan.PrepareResults();
    }

    /// <summary>The blocks that each state is read from, then those that it is written to.</summary>
    private static void FillStates(GroupPlan plan, int group, IReadOnlyList<Grant> grants)
    {
        for (var i = 0; i < grants.Count; i++)
        {
            var tables = grants[i].Sequence.Blocks;
            tables.ReadBlocks(group).CopyTo(plan.BlockTables.Extend(tables[group].Count));
            tables[group].Blocks.CopyTo(plan.BlockTables.Extend(tables[group].Count));
        }
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
