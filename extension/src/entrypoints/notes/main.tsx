import '../../ui/theme.css'
import '../../ui/markdown/markdown.css'
import './notes.css'
import { render } from 'preact'
import { NotesRoom } from '../../notes/room.ts'
import { speak, t } from '../../ui/text.ts'
import { NotesPage } from './notes.tsx'

speak(`${t('notes')} · Deskbell`)
const root = document.getElementById('root')
if (root) render(<NotesPage room={new NotesRoom()} />, root)
